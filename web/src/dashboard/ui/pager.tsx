import type { JSX } from "preact";

import { formatCount } from "../format.ts";

type PageInfo = { hasNextPage: boolean; endCursor: string | null };
type Props = {
  shown: number;
  total?: { count: number; isExact: boolean };
  pageInfo: PageInfo;
  isFirst: boolean;
  go: (after: string | null) => void;
};

/** Leads to the next page of a list, and back to the first one. */
export function Pager({ shown, total, pageInfo, isFirst, go }: Props): JSX.Element {
  return (
    <nav class="pager" aria-label="Pages of the list">
      <span class="faint">
        {shown} {total && `of ${formatCount(Math.max(total.count, shown), total.isExact)}`}
      </span>
      {!(isFirst && !pageInfo.hasNextPage) && (
        <>
          <button type="button" disabled={isFirst} onClick={() => go(null)}>
            First page
          </button>
          <button type="button" disabled={!pageInfo.hasNextPage} onClick={() => go(pageInfo.endCursor)}>
            Next page
          </button>
        </>
      )}
    </nav>
  );
}
