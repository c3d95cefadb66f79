// What the task form reads and sends.

import { graphql, type ResultOf } from "../graphql.ts";

export const TASK_SETTINGS = graphql(`
  fragment TaskSettings on Task {
    id
    name
    description
    uniqueName
    tags
    version
    overlap
    timeout
    timeoutIsDefault
    queue
    priority
    alertAfter
    alertOnMissed
    pauseAfter
    misfire {
      policy
      grace
      maxRuns
    }
    retry {
      isDefault
      maxRetries
      offsets
      statuses
      backoff {
        initial
        factor
        max
        jitter
      }
    }
    schedule {
      __typename
      summary
      ... on OnceSchedule {
        at
      }
      ... on IntervalSchedule {
        interval
        start
        end
      }
      ... on CronSchedule {
        expression
        timeZone
      }
    }
    job {
      __typename
      kind
      ... on HttpJob {
        url
        method
        headers {
          name
          value
        }
        secretHeaders
        body
        bodyText
        bodyForm
        hasToken
        connectTimeout
        expectCallback {
          within
        }
      }
      ... on EmailJob {
        to
        subject
        body
        attachments
      }
      ... on PolygonAreaJob {
        geojson
        repair
      }
      ... on CountryLookupJob {
        geojson
        repair
      }
      ... on ReportJob {
        title
        format
        runs {
          period
          from
          to
          taskId
        }
        data
        columns
        chart
        fileName
        recipients
      }
      ... on CustomJob {
        type
        params
      }
    }
  }
`);
export const TASK = graphql(
  `
    query TaskToEdit($id: ID!) {
      task(id: $id) {
        ...TaskSettings
      }
    }
  `,
  [TASK_SETTINGS],
);
export const FIRST_TASK = graphql(`
  query FirstTask {
    tasks(first: 1) {
      nodes {
        id
      }
    }
  }
`);
export const CREATE = graphql(`
  mutation CreateTaskByForm($input: CreateTaskInput!) {
    createTask(input: $input) {
      task {
        id
        name
      }
      userErrors {
        field
        message
      }
    }
  }
`);
export const UPDATE = graphql(`
  mutation UpdateTaskByForm($input: UpdateTaskInput!) {
    updateTask(input: $input) {
      task {
        id
        version
      }
      userErrors {
        field
        message
      }
    }
  }
`);
export const PREVIEW = graphql(`
  query PreviewTask($schedule: ScheduleInput!, $retry: RetryInput, $count: Int!) {
    taskPreview(schedule: $schedule, retry: $retry, count: $count) {
      summary
      dueTimes
      retryWaits
      retry {
        isDefault
        maxRetries
        backoff {
          jitter
        }
      }
    }
  }
`);
export const TRY = graphql(`
  mutation TryJob($input: TryJobInput!) {
    tryJob(input: $input) {
      trial {
        statusCode
        durationMs
        timeout
        redirects
        responseBody
        responseTruncated
        responseHeaders {
          name
          value
        }
        request {
          method
          url
          headers {
            name
            value
          }
        }
        timings {
          dns
          connect
          firstByte
          total
        }
        error {
          message
          hint
        }
      }
      userErrors {
        field
        message
      }
    }
  }
`);
export const QUEUES = graphql(`
  query QueueNames {
    queues {
      name
    }
  }
`);

export type StoredTask = NonNullable<ResultOf<typeof TASK>["task"]>;
export type Preview = ResultOf<typeof PREVIEW>["taskPreview"];
export type Trial = NonNullable<ResultOf<typeof TRY>["tryJob"]["trial"]>;
/** An input of the schema. */
export type InputOf<Name extends string> = ReturnType<typeof graphql.scalar<Name>>;
