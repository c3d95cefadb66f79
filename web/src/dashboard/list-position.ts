// Where one is in a list that is read page by page.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

/** Returns the cursor after which the page begins, and a function that changes it. Another `key` is another list, at its start. */
export function usePosition(key: string): [string | null, (after: string | null) => void] {
  const [position, setPosition] = useState<{ key: string; after: string | null }>({ key, after: null });
  const go = useCallback((after: string | null) => setPosition({ key, after }), [key]);
  return [position.key === key ? position.after : null, go];
}

type ListPage = { nodes: readonly unknown[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

/**
 * Goes on by itself from empty pages, at most `most` of them: the server looks through so many rows for each request only.
 * Returns whether it does. `key` describes the list.
 */
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
