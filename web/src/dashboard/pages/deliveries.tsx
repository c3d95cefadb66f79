import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { graphql, type FragmentOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { useSending } from "../ui/form.tsx";
import { Time } from "../ui/time.tsx";

const MAX_SHOWN = 10;
const LOOK_MS = 2_000; // deliveries that are due are looked at again
const LEASE_MS = 65_000; // one that is being sent would be tried again when the minute for that is over
const DELIVERY = graphql(`
  fragment Delivery on NotificationDelivery {
    id
    isMail
    subject
    status
    queuedAt
    nextTryAt
    deliveredAt
    lastError
    canRetry
    attempts {
      at
      error
    }
    channel {
      name
    }
  }
`);
const OF_NOTIFICATION = graphql(
  `
    query DeliveriesOfNotification($id: ID!) {
      node(id: $id) {
        id
        ... on Notification {
          deliveries {
            ...Delivery
          }
        }
      }
    }
  `,
  [DELIVERY],
);
const OF_CHANNEL = graphql(
  `
    query DeliveriesOfChannel($id: ID!, $first: Int!) {
      node(id: $id) {
        id
        ... on NotificationChannel {
          deliveries(first: $first) {
            nodes {
              ...Delivery
            }
          }
        }
      }
    }
  `,
  [DELIVERY],
);
const RETRY = graphql(`
  mutation RetryNotificationDelivery($id: ID!) {
    retryNotificationDelivery(input: { id: $id }) {
      userErrors {
        message
      }
    }
  }
`);
type Delivery = FragmentOf<typeof DELIVERY>;
const STATES: Record<string, { word: string; tone: string }> = {
  QUEUED: { word: "waiting", tone: "faint" },
  DELIVERED: { word: "delivered", tone: "good-text" },
  SUPERSEDED: { word: "superseded by a later one", tone: "faint" },
  FAILED: { word: "failed", tone: "bad-text" },
  SUPPRESSED: { word: "not wanted", tone: "faint" },
};
const isOfNotifications = ({ of }: { of: string }): boolean => of === "notification";

/** Where a notification was sent, read when it is asked for. */
export function DeliveriesOfNotification({ id }: { id: string }): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>Deliveries</summary>
      {isOpen && <ReadOfNotification id={id} />}
    </details>
  );
}

function ReadOfNotification({ id }: { id: string }): JSX.Element {
  const { data, error, reread } = useLive(OF_NOTIFICATION, { id }, { concerns: isOfNotifications });
  const found = data?.node && "deliveries" in data.node ? data.node.deliveries : undefined;
  useOutcomes(found, reread);
  return <DeliveryList deliveries={found} error={error} retried={reread} isNamed />;
}

/** The last deliveries to a channel. `changed` is called when one may have told something of the channel. */
export function DeliveriesOfChannel({ id, changed }: { id: string; changed: () => void }): JSX.Element {
  const { data, error, reread } = useLive(OF_CHANNEL, { id, first: MAX_SHOWN }, { concerns: isOfNotifications });
  const found = data?.node && "deliveries" in data.node ? data.node.deliveries.nodes : undefined;
  const look = (): void => {
    reread();
    changed();
  };
  useOutcomes(found, look);
  return <DeliveryList deliveries={found} error={error} retried={look} />;
}

/** Looks again at deliveries that are due or being sent, of whose outcome the server does not tell. */
function useOutcomes(deliveries: readonly Delivery[] | undefined, look: () => void): void {
  const isDue = deliveries?.some(({ nextTryAt }) => nextTryAt && Date.parse(nextTryAt) < Date.now() + LEASE_MS) ?? false;
  useEffect(() => {
    if (!isDue) return undefined;
    const timer = setTimeout(look, LOOK_MS);
    return () => clearTimeout(timer);
  }, [deliveries, isDue]);
}

type ListProps = { deliveries: readonly Delivery[] | undefined; error: string | undefined; retried: () => void; isNamed?: boolean };

function DeliveryList({ deliveries, error, retried, isNamed = false }: ListProps): JSX.Element | null {
  if (!deliveries) return error ? <p class="problem">{error}</p> : null;
  if (deliveries.length === 0) return <p class="faint small">Nothing was sent.</p>;
  return (
    <ul class="deliveries">
      {deliveries.map((delivery) => (
        <DeliveryItem key={delivery.id} delivery={delivery} retried={retried} isNamed={isNamed} />
      ))}
    </ul>
  );
}

type ItemProps = { delivery: Delivery; retried: () => void; isNamed: boolean };

function DeliveryItem({ delivery, retried, isNamed }: ItemProps): JSX.Element {
  const { isMail, subject, status, queuedAt, nextTryAt, deliveredAt, lastError, attempts, channel } = delivery;
  const { word, tone } = STATES[status] ?? { word: status.toLowerCase(), tone: "faint" };
  return (
    <li>
      <span class="what">{isNamed ? (isMail ? "Mail" : (channel?.name ?? "A deleted channel")) : subject}</span>
      <span class={tone}>{word}</span>
      <span class="faint">
        <Time at={deliveredAt ?? queuedAt} />
      </span>
      {nextTryAt && lastError && attempts.length > 0 && (
        <span class="faint">
          tried again <Time at={nextTryAt} />
        </span>
      )}
      {attempts.length > 1 && <span class="faint">{attempts.length} attempts</span>}
      {delivery.canRetry && channel && <Retry id={delivery.id} about={subject} retried={retried} />}
      {status !== "DELIVERED" && lastError && <span class="error">{lastError}</span>}
    </li>
  );
}

function Retry({ id, about, retried }: { id: string; about: string; retried: () => void }): JSX.Element {
  const { send, isBusy, problems } = useSending(RETRY);
  const retry = async (): Promise<void> => {
    if (await send({ id })) retried();
  };
  return (
    <>
      <button type="button" class="link" disabled={isBusy} aria-label={`Retry: ${about}`} onClick={() => void retry()}>
        {isBusy ? "Sending…" : "Retry"}
      </button>
      {problems.general && (
        <span class="error" role="alert">
          {problems.general}
        </span>
      )}
    </>
  );
}
