// The kinds of notification channels: their names and the settings that a form asks for.

import type { graphql, VariablesOf } from "../graphql.ts";
import type { CREATE_CHANNEL } from "./channel-form.tsx";

export type ChannelKind = ReturnType<typeof graphql.scalar<"NotificationChannelKind">>;
export type ChannelInput = VariablesOf<typeof CREATE_CHANNEL>["channel"];
export type Setting = {
  name: string;
  label: string;
  hint?: string;
  type?: "url" | "text" | "password";
  placeholder?: string;
  isOptional?: true;
  choices?: readonly { value: string; name: string }[];
};
type Look = { name: string; text: string; settings: readonly Setting[] };

const SECRET = "It is stored encrypted and not shown again.";

export const CHANNEL_KINDS: Record<ChannelKind, Look> = {
  SLACK: {
    name: "Slack",
    text: "posts in a channel",
    settings: [{ name: "url", label: "Webhook URL", type: "url", placeholder: "https://hooks.slack.com/services/…", hint: `Slack: Apps → Incoming Webhooks → Add. ${SECRET}` }],
  },
  DISCORD: {
    name: "Discord",
    text: "posts in a channel",
    settings: [{ name: "url", label: "Webhook URL", type: "url", placeholder: "https://discord.com/api/webhooks/…", hint: `Discord: Edit Channel → Integrations → Webhooks. ${SECRET}` }],
  },
  TEAMS: {
    name: "Microsoft Teams",
    text: "posts in a channel",
    settings: [{ name: "url", label: "URL of the workflow", type: "url", hint: `Teams: Workflows → “When a Teams webhook request is received”. With its query. ${SECRET}` }],
  },
  TELEGRAM: {
    name: "Telegram",
    text: "a bot writes to a chat",
    settings: [
      { name: "token", label: "Token of the bot", type: "password", hint: `@BotFather tells it. ${SECRET}` },
      { name: "chatId", label: "Chat", placeholder: "-1001234567890 or @channel", hint: "The number of the chat, or the @name of a public channel" },
    ],
  },
  NTFY: {
    name: "ntfy",
    text: "push to a phone",
    settings: [
      { name: "topic", label: "Topic", hint: `Who knows it can read along, so choose one that is hard to guess. ${SECRET}` },
      { name: "server", label: "Server", type: "url", placeholder: "https://ntfy.sh", isOptional: true },
      { name: "token", label: "Access token", type: "password", isOptional: true, hint: "If the topic requires one" },
    ],
  },
  PAGERDUTY: {
    name: "PagerDuty",
    text: "alerts who is on call",
    settings: [
      { name: "routingKey", label: "Integration key", type: "password", hint: `Of an “Events API v2” integration: 32 letters and digits. ${SECRET}` },
      { name: "region", label: "Region", isOptional: true, choices: [{ value: "US", name: "United States" }, { value: "EU", name: "Europe" }] },
    ],
  },
  WEBHOOK: {
    name: "Webhook",
    text: "calls a program of yours, signed",
    settings: [{ name: "url", label: "URL", type: "url", placeholder: "https://example.com/alerts", hint: "It is called with JSON and a signature. Only its host is shown later." }],
  },
  LIVE: {
    name: "Live",
    text: "your programs with an open stream; else by mail",
    settings: [
      {
        name: "fallbackAfter",
        label: "Mail it if nobody has acknowledged it after",
        isOptional: true,
        choices: [
          { value: "PT1M", name: "1 minute" },
          { value: "PT5M", name: "5 minutes" },
          { value: "PT15M", name: "15 minutes" },
          { value: "PT1H", name: "1 hour" },
          { value: "P1D", name: "1 day" },
        ],
      },
    ],
  },
  APPRISE: {
    name: "Apprise",
    text: "many other services",
    settings: [{ name: "url", label: "URL", placeholder: "pover://user@token", hint: `As Apprise writes it. ${SECRET}` }],
  },
};
export const ALL_CHANNEL_KINDS = Object.keys(CHANNEL_KINDS) as ChannelKind[];

/** Returns the member of the input for a kind with these settings. Empty optional ones are left out. */
export function toChannelInput(kind: ChannelKind, values: Record<string, string>): ChannelInput {
  const given = CHANNEL_KINDS[kind].settings.filter(({ name, isOptional }) => values[name] || !isOptional);
  return { [kind.toLowerCase()]: Object.fromEntries(given.map(({ name }) => [name, values[name] ?? ""])) } as ChannelInput;
}
