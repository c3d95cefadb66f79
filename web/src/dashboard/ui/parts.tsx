import type { JSX } from "preact";

import { Page } from "./page.tsx";
import { EmptyState } from "./states.tsx";
import { Tabs } from "./tabs.tsx";

/** A part of a page: `part` is the end of its address, empty for the first one. */
export type Part = { part: string; name: string; show: () => JSX.Element };
type Props = { title: string; label: string; path: string; parts: readonly Part[]; part?: string | undefined };

/** A page whose parts have addresses and tabs of their own. */
export function PageOfParts({ title, label, path, parts, part = "" }: Props): JSX.Element {
  const shown = parts.find((each) => each.part === part);
  return (
    <Page title={title}>
      <Tabs label={label} tabs={parts.map((each) => ({ path: each.part ? `${path}/${each.part}` : path, name: each.name }))} />
      {shown ? shown.show() : <EmptyState title="There is no such page" />}
    </Page>
  );
}
