import type { JSX } from "preact";

import { user } from "../client.ts";
import { Page } from "../ui/page.tsx";
import { EmptyState } from "../ui/states.tsx";
import { Tabs } from "../ui/tabs.tsx";
import "../styles/account.css";
import "../styles/admin.css";
import { AdminSystem } from "./admin-system.tsx";
import { AdminUsers } from "./admin-users.tsx";
import { AuditLog } from "./audit-log.tsx";

const TABS = [
  { path: "/admin", name: "Users" },
  { path: "/admin/audit-log", name: "Audit log" },
  { path: "/admin/system", name: "System" },
];
const PARTS: Record<string, () => JSX.Element> = {
  "": () => <AdminUsers />,
  "audit-log": () => <AuditLog />,
  system: () => <AdminSystem />,
};

/** What administrators see. The server refuses others anyway; they are told so without asking it. */
export function AdminPage({ part = "" }: { part?: string | undefined }): JSX.Element {
  if (!user.value?.isAdmin) return <Forbidden />;
  const show = PARTS[part] ?? (() => <EmptyState title="There is no such page" />);
  return (
    <Page title="Administration">
      <Tabs label="Parts of the administration" tabs={TABS} />
      {show()}
    </Page>
  );
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
