import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { useAction } from "../actions.ts";
import { useFilters } from "../address.ts";
import { formatCount } from "../format.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { useSending } from "../ui/form.tsx";
import { Pager } from "../ui/pager.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { showToast } from "../ui/toast.tsx";
import { DeliveriesOfNotification } from "./deliveries.tsx";

const PAGE_SIZE = 30;
const NOTIFICATION = graphql(`
  fragment NotificationItem on Notification {
    id
    kind
    subject
    text
    at
    cursor
    acknowledgedAt
    task {
      id
      name
    }
    run {
      id
    }
    workflowRun {
      id
    }
    incident {
      id
    }
  }
`);
const NOTIFICATIONS = graphql(
  `
    query Notifications($unacknowledgedOnly: Boolean!, $first: Int!, $after: String) {
      notifications(unacknowledgedOnly: $unacknowledgedOnly, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...NotificationItem
        }
      }
    }
  `,
  [NOTIFICATION],
);
const ACKNOWLEDGE = graphql(`
  mutation Acknowledge($ids: [ID!]!) {
    acknowledgeNotifications(input: { ids: $ids }) {
      userErrors {
        message
      }
    }
  }
`);
const ACKNOWLEDGE_ALL = graphql(`
  mutation AcknowledgeAll($upTo: String!) {
    acknowledgeNotifications(input: { upTo: $upTo }) {
      count
      userErrors {
        field
        message
      }
    }
  }
`);
type Notification = FragmentOf<typeof NOTIFICATION>;

export function NotificationInbox(): JSX.Element {
  const [filters, setFilters] = useFilters();
  const [after, setAfter] = useState<string | null>(null);
  const unacknowledgedOnly = filters.get("show") !== "all";
  const variables = { unacknowledgedOnly, first: PAGE_SIZE, after };
  const { data, error, reread } = useLive(NOTIFICATIONS, variables, { concerns: ({ of }) => of === "notification" });
  const found = data?.notifications;
  const shown = found?.nodes ?? [];
  const open = shown.filter(({ acknowledgedAt }) => acknowledgedAt === null);
  const show = (value: string | null): void => {
    setAfter(null);
    setFilters({ show: value });
  };
  return (
    <>
      <div class="toolbar">
        <div class="chips" role="group" aria-label="Which">
          <button type="button" aria-pressed={unacknowledgedOnly} onClick={() => show(null)}>
            Not acknowledged
          </button>
          <button type="button" aria-pressed={!unacknowledgedOnly} onClick={() => show("all")}>
            All
          </button>
        </div>
        {open[0] && after === null && <AcknowledgeAll upTo={open[0].cursor} done={reread} />}
      </div>
      {error && !found && <ErrorState message={error} retry={reread} />}
      {!error && !found && <LoadingRows count={6} />}
      {found && shown.length > 0 && (
        <>
          <ul class="notifications">
            {shown.map((notification) => (
              <NotificationItem key={notification.id} notification={notification} done={reread} />
            ))}
          </ul>
          <Pager
            shown={shown.length}
            total={{ count: found.totalCount, isExact: found.totalCountIsExact }}
            pageInfo={found.pageInfo}
            isFirst={after === null}
            go={setAfter}
          />
        </>
      )}
      {found && shown.length === 0 && <EmptyState title={unacknowledgedOnly ? "Nothing is waiting for you" : "There are no notifications"} />}
    </>
  );
}

/** Acknowledges the newest that is shown, and all before it: not what arrives while this is being read. */
function AcknowledgeAll({ upTo, done }: { upTo: string; done: () => void }): JSX.Element {
  const { send, isBusy, problems } = useSending(ACKNOWLEDGE_ALL);
  const acknowledge = async (): Promise<void> => {
    const data = await send({ upTo });
    if (data) showToast(`${formatCount(data.acknowledgeNotifications.count ?? 0)} acknowledged.`);
    done();
  };
  return (
    <>
      {problems.general && <span class="problem">{problems.general}</span>}
      <button type="button" disabled={isBusy} onClick={() => void acknowledge()}>
        Acknowledge all
      </button>
    </>
  );
}

function NotificationItem({ notification, done }: { notification: Notification; done: () => void }): JSX.Element {
  const { id, subject, text, at, acknowledgedAt, task, run, workflowRun, incident } = notification;
  const [opening, ...facts] = text.split("\n");
  return (
    <li class={acknowledgedAt === null ? "open" : undefined}>
      <div class="text">
        <h2>{subject}</h2>
        <p class="faint">{opening}</p>
        <p class="links">
          <span class="faint">
            <Time at={at} />
          </span>
          {run && <Link href={`/runs/${run.id}`}>Run</Link>}
          {task && <Link href={`/tasks/${task.id}`}>{task.name}</Link>}
          {workflowRun && <Link href={`/workflow-runs/${workflowRun.id}`}>Workflow run</Link>}
          {incident && <Link href={`/incidents/${incident.id}`}>Incident</Link>}
        </p>
        <div class="more">
          {facts.length > 0 && (
            <details>
              <summary>Details</summary>
              <p>{facts.join("\n")}</p>
            </details>
          )}
          <DeliveriesOfNotification id={id} />
        </div>
      </div>
      {acknowledgedAt === null ? (
        <Acknowledge notifications={[notification]} label="Acknowledge" done={done} />
      ) : (
        <span class="faint">
          acknowledged <Time at={acknowledgedAt} />
        </span>
      )}
    </li>
  );
}

type AcknowledgeProps = { notifications: Notification[]; label: string; done: () => void };

function Acknowledge({ notifications, label, done }: AcknowledgeProps): JSX.Element {
  const { run, isBusy, problem } = useAction(ACKNOWLEDGE, { ids: notifications.map(({ id }) => id) });
  return (
    <>
      <span class="problem" role="alert">
        {problem}
      </span>
      <button type="button" disabled={isBusy} onClick={() => void run().then(done)}>
        {label}
      </button>
    </>
  );
}
