import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";

import icon from "../icon.svg";
import { isPageGuarded } from "./address.ts";
import { isConnected, session, user, userEmail } from "./client.ts";
import { finishDeletions } from "./deletions.ts";
import { CommandMenu } from "./pages/command-menu.tsx";
import { UnacknowledgedCount } from "./pages/unacknowledged-count.tsx";
import { KEYS, PAGE_KEYS, useShortcuts } from "./shortcuts.ts";
import { confirm, Confirmation, Dialog } from "./ui/dialog.tsx";
import {
  BellIcon,
  CodeIcon,
  DeadLetterIcon,
  HomeIcon,
  IncidentIcon,
  MenuIcon,
  QueueIcon,
  RunIcon,
  ShieldIcon,
  TaskIcon,
  WorkflowIcon,
} from "./ui/icons.tsx";
import { Toasts } from "./ui/toast.tsx";

const ICONS: Record<string, JSX.Element> = {
  "/": <HomeIcon />,
  "/tasks": <TaskIcon />,
  "/runs": <RunIcon />,
  "/workflows": <WorkflowIcon />,
  "/queues": <QueueIcon />,
  "/incidents": <IncidentIcon />,
  "/dead-letters": <DeadLetterIcon />,
  "/notifications": <BellIcon />,
};

/** The frame around every page: where one can go, who is signed in, and whether changes arrive. */
export function Shell({ children }: { children: ComponentChildren }): JSX.Element {
  const [shown, setShown] = useState<"help" | "menu" | null>(null);
  const close = (): void => setShown(null);
  useShortcuts({ showHelp: () => setShown("help"), showMenu: () => setShown("menu") });
  useFocusOnPages();
  return (
    <div class="shell">
      <a class="skip-link" href="#main" onClick={focusMain}>
        Skip to content
      </a>
      <Sidebar />
      <main id="main" tabIndex={-1}>
        <ConnectionNotice />
        {children}
      </main>
      <Confirmation />
      {shown === "help" && <Help close={close} />}
      {shown === "menu" && <CommandMenu close={close} />}
      <Toasts />
    </div>
  );
}

/** Gives the focus to a new page if what had it is gone, so that Tab and screen readers go on there. */
function useFocusOnPages(): void {
  const [path] = useLocation();
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current && document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [path]);
}

function focusMain(event: Event): void {
  event.preventDefault(); // the fragment of the address names the page
  document.getElementById("main")?.focus();
}

function Sidebar(): JSX.Element {
  const [location] = useLocation();
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => setIsOpen(false), [location]);
  return (
    <nav class={isOpen ? "sidebar open" : "sidebar"} aria-label="Pages" onKeyDown={({ key }) => key === "Escape" && setIsOpen(false)}>
      <Link href="/" class="brand">
        <img src={icon} alt="" width="22" height="22" />
        Tocsin
      </Link>
      <button type="button" class="menu" aria-expanded={isOpen} aria-controls="pages" onClick={() => setIsOpen(!isOpen)}>
        <MenuIcon />
        Menu
        <UnacknowledgedCount />
      </button>
      <ul id="pages">
        {Object.values(PAGE_KEYS).map(({ path, name }) => (
          <li key={path}>
            <Link href={path} aria-current={isWithin(location, path) ? "page" : undefined}>
              {ICONS[path]}
              <span>{name}</span>
              {path === "/notifications" && <UnacknowledgedCount />}
            </Link>
          </li>
        ))}
        {user.value?.isAdmin && (
          <li>
            <Link href="/admin" aria-current={isWithin(location, "/admin") ? "page" : undefined}>
              <ShieldIcon />
              <span>Administration</span>
            </Link>
          </li>
        )}
        <li>
          <a href="playground">
            <CodeIcon />
            <span>Playground</span>
          </a>
        </li>
      </ul>
      <div class="account">
        <Link href="/account" class="email" title={userEmail.value ?? ""}>
          {userEmail.value}
        </Link>
        <button type="button" class="quiet" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </nav>
  );
}

/** Signs out, after a question if something on the page is not saved: drafts are forgotten, too. */
async function signOut(): Promise<void> {
  const question = { title: "Sign out without saving?", text: "What you wrote and did not save is lost then.", action: "Sign out" };
  if (isPageGuarded() && !(await confirm(question))) return;
  await finishDeletions();
  await session.logOut();
}

function isWithin(location: string, path: string): boolean {
  return location === path || (path !== "/" && location.startsWith(`${path}/`));
}

function ConnectionNotice(): JSX.Element | null {
  if (isConnected.value !== false) return null;
  return (
    <p class="notice warn" role="status">
      The connection to the server is lost. It is being restored; what you see may be out of date.
    </p>
  );
}

function Help({ close }: { close: () => void }): JSX.Element {
  return (
    <Dialog title="Keys" close={close}>
      <dl class="keys">
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
