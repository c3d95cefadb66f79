// The rules of @graphql-eslint for schemas, over schema.graphql: scripts/install-node-tools, then
//   cd tests/node && npx eslint --stdin --stdin-filename schema.graphql < ../../schema.graphql
// A rule is only softened where this says why.
import graphql from "@graphql-eslint/eslint-plugin";

const values = [
  // What is part of something and cannot be fetched alone has no id of its own.
  "Attempt", "AttemptRequest", "AttemptTimings", "Backoff", "CountryLookupJob", "CreateTasksResult", "CronSchedule", "CustomJob", "EmailJob", "Header", "HttpJob",
  "Circuit", "IntervalSchedule", "PolygonAreaJob", "Progress", "Queue", "QuotaUsage", "ReportJob", "StepApproval", "StepChange", "StepItems", "StepRun", "WorkflowError", "WorkflowRunEvent", "WorkflowVersion",
  "Callback", "CallbackExpectation", "ChannelSetting", "ReportRuns", "TaskChangeResult", "IncidentSubject", "NotificationAttempt", "NotificationDigest", "NotificationPreferences", "NotificationRule",
  "Installation", "System", "SystemComponent", "SystemDatabase", "SystemProcess",
  "MailAddress", "NotificationsAcknowledged", "PendingApproval", "WorkflowEvent", "QuietHours", "RunEvent", "RunOutcome", "RunStatistics", "RunStatisticsBucket",
  "DeadLetterCause", "ReplayCounts", "ReplaySkip", "RunReplay", "Misfire", "OnceSchedule", "PageInfo", "RetryPolicy", "RunError", "TaskEvent", "TaskPreview", "UserError",
  // Told once, to the one who asked.
  "Invitation", "JobTrial", "Session",
];

export default [
  {
    files: ["**/*.graphql"],
    plugins: { "@graphql-eslint": graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "../../schema.graphql" } } },
    rules: {
      ...graphql.configs["flat/schema-recommended"].rules,
      ...graphql.configs["flat/schema-relay"].rules,

      // More than the recommended: everything is described.
      "@graphql-eslint/require-description": [
        "error",
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          EnumValueDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
        },
      ],

      // Payloads, pages and their entries are answers, not things.
      "@graphql-eslint/strict-id-in-types": [
        "error",
        { exceptions: { types: values, suffixes: ["Payload", "Connection", "Edge"] } },
      ],

      // Relay does not ask that every list be a connection. Those that can grow are; tags, headers, user errors and the
      // attempts of a run are bounded, and are plain lists. Connections also have `nodes`, the short way to them.
      // The specification lets a connection list anything: the subjects of an incident and the rules of tasks and
      // workflows have no id of their own. What else has none is in the list of values above.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false, withEdgeSuffix: true },
      ],
    },
  },
];
