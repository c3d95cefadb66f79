import type { JSX } from "preact";
import { Link, useLocation } from "wouter-preact";

type Tab = { path: string; name: string };

/** Links between the parts of a page. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }): JSX.Element {
  const [location] = useLocation();
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ path, name }) => (
        <Link key={path} href={path} aria-current={location === path ? "page" : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
