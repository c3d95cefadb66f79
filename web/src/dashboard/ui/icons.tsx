// Icons of 16 × 16 points, drawn with the color of the text.

import type { ComponentChildren, JSX } from "preact";

export function Icon({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const LINE = { fill: "none", stroke: "currentColor", "stroke-width": 1.5, "stroke-linecap": "round", "stroke-linejoin": "round" } as const;

export const HomeIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M2.5 7.5 8 2.75l5.5 4.75V13a.5.5 0 0 1-.5.5H3a.5.5 0 0 1-.5-.5z" />
  </Icon>
);
export const TaskIcon = (): JSX.Element => (
  <Icon>
    <circle {...LINE} cx="8" cy="8" r="5.75" />
    <path {...LINE} d="M8 4.75V8l2.25 1.5" />
  </Icon>
);
export const RunIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M2.5 4h11M2.5 8h11M2.5 12h7" />
  </Icon>
);
export const SearchIcon = (): JSX.Element => (
  <Icon>
    <circle {...LINE} cx="7" cy="7" r="4.25" />
    <path {...LINE} d="m10.25 10.25 3.25 3.25" />
  </Icon>
);
export const CodeIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5" />
  </Icon>
);
export const PlayIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M5 3.5v9l7-4.5z" />
  </Icon>
);
export const PauseIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M5.5 3.5v9M10.5 3.5v9" />
  </Icon>
);
export const RetryIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M13 8a5 5 0 1 1-1.7-3.75M13 2.5v2.5h-2.5" />
  </Icon>
);
export const QueueIcon = (): JSX.Element => (
  <Icon>
    <rect {...LINE} x="2.5" y="3" width="11" height="4" rx="1" />
    <rect {...LINE} x="2.5" y="9.5" width="11" height="3.5" rx="1" />
  </Icon>
);
export const BellIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M3.5 11.5h9L11.25 9.5V7a3.25 3.25 0 0 0-6.5 0v2.5zM6.75 13.5h2.5" />
  </Icon>
);
export const WorkflowIcon = (): JSX.Element => (
  <Icon>
    <circle {...LINE} cx="3.75" cy="8" r="1.75" />
    <circle {...LINE} cx="12.25" cy="4" r="1.75" />
    <circle {...LINE} cx="12.25" cy="12" r="1.75" />
    <path {...LINE} d="M5.5 7.5 10.5 4.75M5.5 8.5l5 2.75" />
  </Icon>
);
export const ShieldIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M8 2.25 13 4v3.75c0 3-2.1 5-5 6-2.9-1-5-3-5-6V4z" />
  </Icon>
);
export const CopyIcon = (): JSX.Element => (
  <Icon>
    <rect {...LINE} x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path {...LINE} d="M10.5 3.25a1 1 0 0 0-1-.75h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 .75 1" />
  </Icon>
);
export const CheckIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="m3 8.5 3.25 3.25L13 5" />
  </Icon>
);
export const IncidentIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M8 2.75 14 13H2zM8 6.75v3M8 11.25v.01" />
  </Icon>
);
export const DeadLetterIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M2.5 4h11v8.5h-11zM2.5 4.25 8 8.75l5.5-4.5" />
  </Icon>
);
export const MenuIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11" />
  </Icon>
);
