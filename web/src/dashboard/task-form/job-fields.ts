// The fields of jobs other than HTTP requests. Their names are those of the schema, which the compiler checks. Pure.

import type { InputOf } from "./documents.ts";

export type FieldSpec = {
  label: string;
  as: "line" | "text" | "list" | "json" | "check" | "choice" | "duration" | "moment" | "number";
  hint?: string;
  choices?: readonly string[];
  isRequired?: boolean;
};
type Named<Input> = Record<Extract<keyof Input, string>, FieldSpec>;
type ReportFields = Named<Omit<InputOf<"ReportJobInput">, "runs">> & Record<`runs.${Extract<keyof InputOf<"ReportRunsInput">, string>}`, FieldSpec>;

const GEOJSON = "GeoJSON, such as {\"type\": \"Polygon\", \"coordinates\": [[[8, 50], [9, 50], [9, 51], [8, 50]]]}";
const ADDRESSES = "One address a line, among those that this server allows jobs to write to";

const EMAIL: Named<InputOf<"EmailJobInput">> = {
  to: { label: "To", as: "list", hint: ADDRESSES, isRequired: true },
  subject: { label: "Subject", as: "line", isRequired: true },
  body: { label: "Text", as: "text", isRequired: true },
  attachments: { label: "Attachments", as: "json", hint: "A list of objects with name, contentType and one of text, json, base64 and fileId" },
};
const POLYGON_AREA: Named<InputOf<"PolygonAreaJobInput">> = {
  geojson: { label: "Polygons", as: "json", hint: GEOJSON, isRequired: true },
  repair: { label: "Repair invalid polygons", as: "check" },
};
const COUNTRY_LOOKUP: Named<InputOf<"CountryLookupJobInput">> = {
  longitude: { label: "Longitude", as: "number", hint: "Degrees, -180 to 180" },
  latitude: { label: "Latitude", as: "number", hint: "Degrees, -90 to 90" },
  geojson: { label: "Or a geometry", as: "json", hint: "GeoJSON of only points, only lines or only areas" },
  repair: { label: "Repair invalid polygons", as: "check" },
};
const REPORT: ReportFields = {
  title: { label: "Title", as: "line", isRequired: true },
  format: { label: "Format", as: "choice", choices: ["PDF", "HTML", "CSV", "JSON"] },
  "runs.period": { label: "Runs of the last", as: "duration", hint: "Such as 7 d, up to the due time. Or give a beginning and an end" },
  "runs.from": { label: "Runs due from", as: "moment" },
  "runs.to": { label: "Runs due before", as: "moment" },
  "runs.taskId": { label: "Of one task only", as: "line", hint: "ID of the task" },
  data: { label: "Or data", as: "json", hint: "A list of objects becomes a table" },
  columns: { label: "Columns", as: "list", hint: "One name a line, in this order. Default: all" },
  chart: { label: "Add a bar chart", as: "check" },
  fileName: { label: "File name", as: "line", hint: "Default: the title" },
  recipients: { label: "Mail the link to", as: "list", hint: ADDRESSES },
};
const CUSTOM: Named<InputOf<"CustomJobInput">> = {
  type: { label: "Kind", as: "line", hint: "Name of a kind of job that this server has", isRequired: true },
  params: { label: "Parameters", as: "json", hint: "An object", isRequired: true },
};

/** Kinds of jobs, by their names in `JobInput`. */
export const JOB_KINDS = {
  http: { name: "HTTP request", fields: {} },
  email: { name: "Email", fields: EMAIL },
  report: { name: "Report", fields: REPORT },
  polygonArea: { name: "Polygon area", fields: POLYGON_AREA },
  countryLookup: { name: "Country lookup", fields: COUNTRY_LOOKUP },
  custom: { name: "Other", fields: CUSTOM },
} satisfies Record<keyof InputOf<"JobInput">, { name: string; fields: Record<string, FieldSpec> }>;
export type JobKind = keyof typeof JOB_KINDS;

/** Returns the fields of a kind, by name. */
export function fieldsOf(kind: JobKind): Record<string, FieldSpec> {
  return JOB_KINDS[kind].fields;
}
