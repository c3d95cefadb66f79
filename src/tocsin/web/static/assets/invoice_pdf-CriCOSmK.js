/*! Licenses of the bundled packages: /assets/licences.md */
var e=`# Fetches data, renders a PDF, and mails it.
name: invoice_pdf
description: Makes an invoice from the response of a URL, and mails it.
inputs:
  url: {type: string, description: 'Returns JSON: {number, lines: [{text, amount}]}.'}
  recipient: {type: string, description: Recipient of the invoice. By default only your own address is allowed.}
steps:
  - key: fetch
    job: http
    params:
      url: \${{ inputs.url }}
    retry:
      offsets: [PT1S, PT10S]
  - key: render
    job: report
    params:
      title: Invoice \${{ steps.fetch.result.body.number }}
      format: PDF
      fileName: invoice-\${{ steps.fetch.result.body.number }}.pdf
      data: \${{ steps.fetch.result.body.lines }}
  - key: mail
    job: email
    params:
      to: \${{ inputs.recipient }}
      subject: Invoice \${{ steps.fetch.result.body.number }}
      body: |
        Your invoice is attached.
      attachments:
        - fileId: \${{ steps.render.result.file.fileId }}
output:
  total: \${{ sum(steps.fetch.result.body.lines[].amount) }}
  file: \${{ steps.render.result.file }}
`;export{e as default};