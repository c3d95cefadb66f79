/*! Licenses of the bundled packages: /assets/licences.md */
var e=`# Looks up the countries and the area of a polygon in parallel, reports both, and mails a link to the report.
name: country_report
description: Reports the countries that a polygon lies in, and its area, as a PDF.
inputs:
  polygon: {type: object, description: GeoJSON of a Polygon or MultiPolygon.}
  recipient: {type: string, description: Recipient of the link. By default only your own address is allowed.}
steps:
  - key: country
    dependsOn: []
    job: countryLookup
    params:
      geojson: \${{ inputs.polygon }}
  - key: area
    dependsOn: []
    job: polygonArea
    params:
      geojson: \${{ inputs.polygon }}
  - key: report
    dependsOn: [country, area]
    job: report
    params:
      title: Country report
      format: PDF
      fileName: country-report.pdf
      data:
        Countries: \${{ steps.country.result.countries }}
        Area:
          - areaM2: \${{ steps.area.result.areaM2 }}
            perimeterM: \${{ steps.area.result.perimeterM }}
  - key: mail
    job: email
    params:
      to: \${{ inputs.recipient }}
      subject: 'Country report: \${{ steps.country.result.countries[0].name }}'
      body: |
        The polygon lies in \${{ join(', ', steps.country.result.countries[].name) }}.
        It measures \${{ steps.area.result.areaM2 }} m2.

        The report: \${{ steps.report.result.file.url }}
output:
  countries: \${{ steps.country.result.countries }}
  areaM2: \${{ steps.area.result.areaM2 }}
  file: \${{ steps.report.result.file }}
`;export{e as default};