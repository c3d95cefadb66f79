import type { JSX } from "preact";

import { formatCount } from "../format.ts";
import { graphql } from "../graphql.ts";
import { useLive } from "../live.ts";

export const COUNT = graphql(`
  query UnacknowledgedCount {
    notifications(unacknowledgedOnly: true, first: 1) {
      totalCount
      totalCountIsExact
    }
  }
`);

/** The number of notifications that nobody has acknowledged; nothing if there are none. */
export function UnacknowledgedCount(): JSX.Element | null {
  const { data } = useLive(COUNT, {}, { concerns: ({ of }) => of === "notification" });
  if (!data?.notifications.totalCount) return null;
  const text = formatCount(data.notifications.totalCount, data.notifications.totalCountIsExact);
  return (
    <span class="badge">
      {text} <span class="hidden">not acknowledged</span>
    </span>
  );
}
