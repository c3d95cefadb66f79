/*! Licenses of the bundled packages: /assets/licences.md */
var e=`# Two steps: the second sends the status of the first response.
#   tocsin workflows run EMAIL hello_world --input '{"url": "https://example.com"}'
name: hello_world
description: Calls a URL, then calls it again with the status of the first response.
inputs:
  url: {type: string, description: The URL to call.}
steps:
  - key: hello
    job: http
    params:
      url: \${{ inputs.url }}
  - key: world
    job: http
    params:
      url: \${{ inputs.url }}?first=\${{ steps.hello.result.statusCode }}
    retry:
      offsets: [PT1S]
output:
  statuses:
    - \${{ steps.hello.result.statusCode }}
    - \${{ steps.world.result.statusCode }}
`;export{e as default};