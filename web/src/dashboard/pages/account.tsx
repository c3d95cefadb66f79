import type { JSX } from "preact";

import { PageOfParts } from "../ui/parts.tsx";
import "../styles/account.css";
import { AccountMails } from "./account-mails.tsx";
import { AccountProfile } from "./account-profile.tsx";
import { AccountSecrets } from "./account-secrets.tsx";
import { AccountSecurity } from "./account-security.tsx";
import { AccountTokens } from "./account-tokens.tsx";

const PARTS = [
  { part: "", name: "Profile", show: () => <AccountProfile /> },
  { part: "security", name: "Security", show: () => <AccountSecurity /> },
  { part: "tokens", name: "API tokens", show: () => <AccountTokens /> },
  { part: "secrets", name: "Secrets", show: () => <AccountSecrets /> },
  { part: "mails", name: "Mail addresses", show: () => <AccountMails /> },
];

export function AccountPage({ part }: { part?: string | undefined }): JSX.Element {
  return <PageOfParts title="Account" label="Parts of the account" path="/account" parts={PARTS} part={part} />;
}
