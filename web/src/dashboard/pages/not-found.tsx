import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { EmptyState } from "../ui/states.tsx";

export function NotFoundPage(): JSX.Element {
  return (
    <EmptyState title="There is no such page">
      <Link href="/">Go to the overview</Link>
    </EmptyState>
  );
}
