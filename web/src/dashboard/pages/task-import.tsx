// The page on which tasks are made of curl commands and crontabs.

import "../styles/task-form.css";

import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { useFilters } from "../address.ts";
import { Segments } from "../task-form/controls.tsx";
import { CrontabImport } from "../task-form/crontab-page.tsx";
import { CurlImport } from "../task-form/curl-page.tsx";
import { Page } from "../ui/page.tsx";

export function ImportTasksPage(): JSX.Element {
  const [filters, setFilters] = useFilters();
  const kind = filters.get("from") === "crontab" ? "crontab" : "curl";
  return (
    <Page title="Import tasks" above={<Link href="/tasks">Tasks</Link>}>
      <div class="import">
        <Segments
          label="What to import"
          value={kind}
          set={(value) => setFilters({ from: value })}
          choices={[
            ["curl", "A curl command"],
            ["crontab", "A crontab"],
          ]}
        />
        {kind === "curl" ? <CurlImport /> : <CrontabImport />}
      </div>
    </Page>
  );
}
