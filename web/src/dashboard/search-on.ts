// A page of a list can be empty before the list ends: the server looks through so many rows for each request only.

import { useEffect, useRef } from "preact/hooks";

type ListPage = { nodes: readonly unknown[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

/** Goes on by itself from empty pages, at most `most` of them. Returns whether it does. `key` describes the list. */
export function useSearchOn(page: ListPage | undefined, go: (after: string | null) => void, key: string, most = 20): boolean {
  const tries = useRef({ key, count: 0 });
  if (tries.current.key !== key) tries.current = { key, count: 0 };
  const isEmpty = page?.nodes.length === 0 && page.pageInfo.hasNextPage;
  const isGoingOn = isEmpty && tries.current.count < most;
  useEffect(() => {
    if (!page || !isGoingOn) return;
    tries.current.count += 1;
    go(page.pageInfo.endCursor);
  }, [page]);
  return isGoingOn;
}
