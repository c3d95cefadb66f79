import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql, type FragmentOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Time } from "../ui/time.tsx";

const MAX_SHOWN = 10;
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
  const { data, error } = useLive(OF_NOTIFICATION, { id }, { concerns: isOfNotifications });
  const found = data?.node && "deliveries" in data.node ? data.node.deliveries : undefined;
  return <DeliveryList deliveries={found} error={error} isNamed />;
}

/** The last deliveries to a channel. */
export function DeliveriesOfChannel({ id }: { id: string }): JSX.Element {
  const { data, error } = useLive(OF_CHANNEL, { id, first: MAX_SHOWN }, { concerns: isOfNotifications });
  const found = data?.node && "deliveries" in data.node ? data.node.deliveries.nodes : undefined;
  return <DeliveryList deliveries={found} error={error} />;
}

type ListProps = { deliveries: readonly Delivery[] | undefined; error: string | undefined; isNamed?: boolean };

function DeliveryList({ deliveries, error, isNamed = false }: ListProps): JSX.Element | null {
  if (!deliveries) return error ? <p class="problem">{error}</p> : null;
  if (deliveries.length === 0) return <p class="faint small">Nothing was sent.</p>;
  return (
    <ul class="deliveries">
      {deliveries.map((delivery) => (
        <DeliveryItem key={delivery.id} delivery={delivery} isNamed={isNamed} />
      ))}
    </ul>
  );
}

function DeliveryItem({ delivery, isNamed }: { delivery: Delivery; isNamed: boolean }): JSX.Element {
  const { isMail, subject, status, queuedAt, nextTryAt, deliveredAt, lastError, attempts, channel } = delivery;
  const { word, tone } = STATES[status] ?? { word: status.toLowerCase(), tone: "faint" };
  return (
    <li>
      <span class="what">{isNamed ? (isMail ? "Mail" : (channel?.name ?? "A deleted channel")) : subject}</span>
      <span class={tone}>{word}</span>
      <span class="faint">
        <Time at={deliveredAt ?? queuedAt} />
      </span>
      {nextTryAt && attempts.length > 0 && (
        <span class="faint">
          tried again <Time at={nextTryAt} />
        </span>
      )}
      {attempts.length > 1 && <span class="faint">{attempts.length} attempts</span>}
      {status !== "DELIVERED" && lastError && <span class="error">{lastError}</span>}
    </li>
  );
}
