import type { JSX } from "preact";

import { Page } from "../ui/page.tsx";
import { EmptyState } from "../ui/states.tsx";
import { Tabs } from "../ui/tabs.tsx";
import "../styles/account.css";
import { AccountMails } from "./account-mails.tsx";
import { AccountProfile } from "./account-profile.tsx";
import { AccountSecrets } from "./account-secrets.tsx";
import { AccountSecurity } from "./account-security.tsx";
import { AccountTokens } from "./account-tokens.tsx";

const TABS = [
  { path: "/account", name: "Profile" },
  { path: "/account/security", name: "Security" },
  { path: "/account/tokens", name: "API tokens" },
  { path: "/account/secrets", name: "Secrets" },
  { path: "/account/mails", name: "Mail addresses" },
];
const PARTS: Record<string, () => JSX.Element> = {
  "": () => <AccountProfile />,
  security: () => <AccountSecurity />,
  tokens: () => <AccountTokens />,
  secrets: () => <AccountSecrets />,
  mails: () => <AccountMails />,
};

export function AccountPage({ part = "" }: { part?: string | undefined }): JSX.Element {
  const show = PARTS[part] ?? (() => <EmptyState title="There is no such part of the account" />);
  return (
    <Page title="Account">
      <Tabs label="Parts of the account" tabs={TABS} />
      {show()}
    </Page>
  );
}
