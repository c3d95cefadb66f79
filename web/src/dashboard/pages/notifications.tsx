import type { JSX } from "preact";

import { PageOfParts } from "../ui/parts.tsx";
import "../styles/account.css";
import "../styles/admin.css";
import "../styles/notifications.css";
import { NotificationChannels } from "./notification-channels.tsx";
import { NotificationInbox } from "./notification-inbox.tsx";
import { NotificationPreferences } from "./notification-preferences.tsx";
import { NotificationRules } from "./notification-rules.tsx";

const PARTS = [
  { part: "", name: "Inbox", show: () => <NotificationInbox /> },
  { part: "channels", name: "Channels", show: () => <NotificationChannels /> },
  { part: "preferences", name: "Preferences", show: () => <NotificationPreferences /> },
  { part: "rules", name: "Rules", show: () => <NotificationRules /> },
];

export function NotificationsPage({ part }: { part?: string | undefined }): JSX.Element {
  return <PageOfParts title="Notifications" label="Parts of notifications" path="/notifications" parts={PARTS} part={part} />;
}
