// What a new workflow begins with.

/** A workflow that works as it is: it calls this server. */
export function exampleWorkflow(origin: string): string {
  return `name: my_workflow
description: Calls a page twice at once, waits, then tells the result.
inputs:
  url: {type: string, description: The page to call., default: "${origin}/live"}
# schedule: {cron: {expression: "0 9 * * 1-5", timeZone: ${Intl.DateTimeFormat().resolvedOptions().timeZone}}}
steps:
  - key: first
    dependsOn: []
    job: http
    params: {url: "\${{ inputs.url }}"}
  - key: second
    dependsOn: []
    job: http
    params: {url: "\${{ inputs.url }}"}
    retry: {offsets: [PT1S, PT10S]}
  - key: pause
    dependsOn: [first, second]
    wait: PT2S
  - key: tell
    job: http
    params:
      url: \${{ inputs.url }}?status=\${{ steps.first.result.statusCode }}
output:
  statuses: ["\${{ steps.first.result.statusCode }}", "\${{ steps.second.result.statusCode }}"]
`;
}
