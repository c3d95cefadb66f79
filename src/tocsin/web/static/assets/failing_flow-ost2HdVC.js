/*! Licenses of the bundled packages: /assets/licences.md */
var e=`# A step that fails after two retries; the step that depends on it is skipped. Resume the run when the URL works.
name: failing_flow
description: Shows what happens when a step fails.
inputs:
  url:
    type: string
    description: The URL to call. The default's host does not exist.
    default: https://nowhere.invalid/
steps:
  - key: fails
    job: http
    params:
      url: \${{ inputs.url }}
    retry:
      maxRetries: 2
      offsets: [PT1S, PT2S]
  - key: never
    job: http
    params:
      url: \${{ inputs.url }}
`;export{e as default};