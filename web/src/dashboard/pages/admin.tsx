import type { JSX } from "preact";

import { user } from "../client.ts";
import { Page } from "../ui/page.tsx";
import { PageOfParts } from "../ui/parts.tsx";
import { EmptyState } from "../ui/states.tsx";
import "../styles/account.css";
import "../styles/admin.css";
import { AdminSystem } from "./admin-system.tsx";
import { AdminUsers } from "./admin-users.tsx";
import { AuditLog } from "./audit-log.tsx";

const PARTS = [
  { part: "", name: "Users", show: () => <AdminUsers /> },
  { part: "audit-log", name: "Audit log", show: () => <AuditLog /> },
  { part: "system", name: "System", show: () => <AdminSystem /> },
];

/** What administrators see. The server refuses others anyway; they are told so without asking it. */
export function AdminPage({ part }: { part?: string | undefined }): JSX.Element {
  if (!user.value?.isAdmin) return <Forbidden />;
  return <PageOfParts title="Administration" label="Parts of the administration" path="/admin" parts={PARTS} part={part} />;
}

export function Forbidden(): JSX.Element {
  return (
    <Page title="Administration">
      <EmptyState title="This is for administrators">
        <p>You are signed in as {user.value?.email}, who does not administer this installation.</p>
        <p>An administrator can change that, or the operator with `tocsin users promote`.</p>
      </EmptyState>
    </Page>
  );
}
