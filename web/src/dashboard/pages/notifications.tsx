import type { JSX } from "preact";

import { Page } from "../ui/page.tsx";
import { EmptyState } from "../ui/states.tsx";
import { Tabs } from "../ui/tabs.tsx";
import "../styles/account.css";
import "../styles/admin.css";
import "../styles/notifications.css";
import { NotificationChannels } from "./notification-channels.tsx";
import { NotificationInbox } from "./notification-inbox.tsx";
import { NotificationPreferences } from "./notification-preferences.tsx";
import { NotificationRules } from "./notification-rules.tsx";

const TABS = [
  { path: "/notifications", name: "Inbox" },
  { path: "/notifications/channels", name: "Channels" },
  { path: "/notifications/preferences", name: "Preferences" },
  { path: "/notifications/rules", name: "Rules" },
];
const PARTS: Record<string, () => JSX.Element> = {
  "": () => <NotificationInbox />,
  channels: () => <NotificationChannels />,
  preferences: () => <NotificationPreferences />,
  rules: () => <NotificationRules />,
};

export function NotificationsPage({ part = "" }: { part?: string | undefined }): JSX.Element {
  const show = PARTS[part] ?? (() => <EmptyState title="There is no such page" />);
  return (
    <Page title="Notifications">
      <Tabs label="Parts of notifications" tabs={TABS} />
      {show()}
    </Page>
  );
}
