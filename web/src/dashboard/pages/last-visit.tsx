// What has happened since the user last looked at the dashboard in this browser.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { userEmail } from "../client.ts";
import { formatCount } from "../format.ts";
import { graphql } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Time } from "../ui/time.tsx";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const AWAY_MS = 10 * MINUTE_MS;
const MAX_BUCKETS = 390;
const NEWS = graphql(`
  query News($filter: RunStatisticsFilter!, $bucket: StatisticsBucket!) {
    runStatistics(filter: $filter, bucket: $bucket) {
      total {
        total
        failed
      }
    }
    incidents(first: 20) {
      nodes {
        openedAt
        status
      }
    }
  }
`);

/** The last visit of each account: when this browser last showed it the dashboard. */
const visits = {
  key: (): string => `tocsin:seen:${userEmail.value ?? ""}`,
  read: (): number => Number(localStorage.getItem(visits.key()) ?? 0),
  note: (): void => localStorage.setItem(visits.key(), String(Date.now())),
};
const begun = new Map<string, number>();

/** Returns the end of the last visit, which stays the same until this tab is closed or reloaded; null for a first one. */
function useLastVisit(): [number | null, () => void] {
  const key = visits.key();
  const [since, setSince] = useState(() => begun.get(key) ?? visits.read());
  useEffect(() => {
    begun.set(key, since);
    const note = (): void => {
      if (!document.hidden) visits.note();
    };
    note();
    const timer = setInterval(note, MINUTE_MS);
    document.addEventListener("visibilitychange", note);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", note);
    };
  }, [key, since]);
  const isAway = since > 0 && Date.now() - since > AWAY_MS;
  return [isAway ? since : null, () => setSince(Date.now())];
}

/** A line that says what is new; nothing for who was here a moment ago. */
export function LastVisit(): JSX.Element | null {
  const [since, dismiss] = useLastVisit();
  return since === null ? null : <News since={since} dismiss={dismiss} />;
}

function News({ since, dismiss }: { since: number; dismiss: () => void }): JSX.Element | null {
  const from = new Date(since).toISOString();
  const { data } = useLive(NEWS, { filter: { dueAt: { from } }, bucket: bucketOf(Date.now() - since) });
  if (!data) return null;
  const { total, failed } = data.runStatistics.total;
  const incidents = data.incidents.nodes.filter(({ openedAt }) => Date.parse(openedAt) >= since);
  return (
    <p class="last-visit" role="status">
      <span>
        Since your last visit <Time at={from} />: {total === 0 ? "nothing has run" : <Link href="/runs">{formatCount(total)} runs</Link>}
        {failed > 0 && (
          <>
            , <Link href="/runs?status=FAILED" class="bad-text">{formatCount(failed)} failed</Link>
          </>
        )}
        {incidents.length > 0 && (
          <>
            , <Link href="/incidents?show=all">{incidents.length === 1 ? "1 incident" : `${incidents.length} incidents`}</Link>
          </>
        )}
        .
      </span>
      <button type="button" class="quiet" onClick={dismiss}>
        Dismiss
      </button>
    </p>
  );
}

function bucketOf(length: number): "MINUTE" | "HOUR" | "DAY" {
  if (length < MAX_BUCKETS * MINUTE_MS) return "MINUTE";
  return length < MAX_BUCKETS * HOUR_MS ? "HOUR" : "DAY";
}
