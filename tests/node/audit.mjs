// Runs the server audits of graphql-http against an API: node audit.mjs URL
// Prints one JSON object: {"audits": [{"id", "name", "status", "reason"}]}
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const audits = results.map(({ id, name, status, reason }) => ({ id, name, status, reason }));
console.log(JSON.stringify({ audits }));
