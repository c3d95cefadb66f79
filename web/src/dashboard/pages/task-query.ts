// One task with all of its settings.

import { graphql, type ResultOf } from "../graphql.ts";
import { RUN_ROW } from "./runs-table.tsx";

export const SHOWN_RUNS = 25;
export const TASK = graphql(
  `
    query Task($id: ID!, $runs: Int!) {
      task(id: $id) {
        id
        name
        description
        uniqueName
        status
        tags
        version
        createdAt
        updatedAt
        nextRunAt
        priority
        overlap
        timeout
        waitingText
        pauseReason
        consecutiveFailures
        alertAfter
        alertOnMissed
        pauseAfter
        assignedQueue {
          name
          paused
          depth
        }
        misfire {
          policy
          grace
          maxRuns
        }
        schedule {
          summary
          description
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
        retry {
          maxRetries
          offsets
          statuses
          backoff {
            initial
            factor
            max
          }
        }
        job {
          kind
          ... on HttpJob {
            method
            url
            headers {
              name
              value
            }
            secretHeaders
            hasToken
            jsonBody: body
            bodyText
            bodyForm
            connectTimeout
            expectCallback {
              within
            }
          }
          ... on EmailJob {
            to
            subject
            text: body
          }
          ... on ReportJob {
            title
            format
          }
        }
        nextDueTimes(count: 8)
        recentOutcomes {
          runId
          status
          dueAt
          durationMs
        }
        runs(first: $runs) {
          totalCount
          totalCountIsExact
          nodes {
            ...RunRow
          }
        }
      }
    }
  `,
  [RUN_ROW],
);
export type Task = NonNullable<ResultOf<typeof TASK>["task"]>;
