// Icons of what can be done with things.

import type { JSX } from "preact";

import { Icon, LINE } from "./icons.tsx";

export const PlusIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M8 3v10M3 8h10" />
  </Icon>
);
export const EditIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="m9.5 4.25 2.25 2.25M3 13l.75-3L10.5 3.25a1.06 1.06 0 0 1 1.5 0l.75.75a1.06 1.06 0 0 1 0 1.5L6 12.25z" />
  </Icon>
);
export const DeleteIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M3 4.5h10M6.25 4.5v-1.75h3.5v1.75M4.25 4.5l.5 8.75h6.5l.5-8.75M6.75 7v4M9.25 7v4" />
  </Icon>
);
export const CopyIcon = (): JSX.Element => (
  <Icon>
    <rect {...LINE} x="5.75" y="5.75" width="7.5" height="7.5" rx="1.25" />
    <path {...LINE} d="M3.5 10.25h-.25a.5.5 0 0 1-.5-.5v-6.5a.5.5 0 0 1 .5-.5h6.5a.5.5 0 0 1 .5.5v.25" />
  </Icon>
);
export const DownloadIcon = (): JSX.Element => (
  <Icon>
    <path {...LINE} d="M8 2.75v7M5 7l3 3 3-3M3 13h10" />
  </Icon>
);
export const SortIcon = ({ direction }: { direction: "ascending" | "descending" }): JSX.Element => (
  <Icon>
    <path {...LINE} d={direction === "ascending" ? "M8 12.5v-9M4.75 6.5 8 3.25l3.25 3.25" : "M8 3.5v9M4.75 9.5 8 12.75l3.25-3.25"} />
  </Icon>
);
