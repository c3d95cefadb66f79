// The actions of the audit log, as they are offered in its filter.

import type { graphql } from "../graphql.ts";

export type AuditAction = ReturnType<typeof graphql.scalar<"AuditAction">>;

export const AUDIT_GROUPS: readonly { name: string; actions: readonly AuditAction[] }[] = [
  { name: "Sessions", actions: ["LOGGED_IN", "LOG_IN_FAILED", "LOGGED_OUT", "SESSION_REVOKED", "REFRESH_TOKEN_REUSED"] },
  {
    name: "Accounts",
    actions: [
      "SIGNED_UP",
      "EMAIL_CONFIRMATION_REQUESTED",
      "EMAIL_CONFIRMED",
      "PASSWORD_CHANGED",
      "PASSWORD_RESET_REQUESTED",
      "PASSWORD_RESET",
      "API_TOKEN_CREATED",
      "API_TOKEN_REVOKED",
      "SECRET_SET",
      "SECRET_DELETED",
      "PUBLIC_LINK_CREATED",
      "PUBLIC_LINK_CHANGED",
      "PUBLIC_LINK_ROTATED",
      "PUBLIC_LINK_REVOKED",
    ],
  },
  {
    name: "Administration",
    actions: [
      "USER_CREATED",
      "USER_INVITED",
      "INVITATION_ACCEPTED",
      "USER_PROMOTED",
      "USER_DEMOTED",
      "USER_DEACTIVATED",
      "USER_ACTIVATED",
      "QUOTA_CHANGED",
      "QUEUE_CHANGED",
      "KEYS_ROTATED",
    ],
  },
  {
    name: "Notifications",
    actions: [
      "CHANNEL_CREATED",
      "CHANNEL_CHANGED",
      "CHANNEL_KEY_ROTATED",
      "CHANNEL_DELETED",
      "MAIL_ADDRESS_REQUESTED",
      "MAIL_ADDRESS_CONFIRMED",
      "MAIL_ADDRESS_REMOVED",
      "MAILS_TURNED_OFF",
      "MAILS_TURNED_ON",
    ],
  },
];
