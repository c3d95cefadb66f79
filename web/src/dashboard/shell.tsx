import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";

import icon from "../icon.svg";
import { isConnected, session, user, userEmail } from "./client.ts";
import { UnacknowledgedCount } from "./pages/unacknowledged-count.tsx";
import { Confirmation, Dialog } from "./ui/dialog.tsx";
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

const PAGES = [
  { path: "/", name: "Overview", key: "o", icon: <HomeIcon /> },
  { path: "/tasks", name: "Tasks", key: "t", icon: <TaskIcon /> },
  { path: "/runs", name: "History", key: "h", icon: <RunIcon /> },
  { path: "/workflows", name: "Workflows", key: "w", icon: <WorkflowIcon /> },
  { path: "/queues", name: "Queues", key: "q", icon: <QueueIcon /> },
  { path: "/incidents", name: "Incidents", key: "i", icon: <IncidentIcon /> },
  { path: "/dead-letters", name: "Dead letters", key: "d", icon: <DeadLetterIcon /> },
  { path: "/notifications", name: "Notifications", key: "n", icon: <BellIcon /> },
];

/** The frame around every page: where one can go, who is signed in, and whether changes arrive. */
export function Shell({ children }: { children: ComponentChildren }): JSX.Element {
  const [isHelping, setIsHelping] = useState(false);
  useShortcuts(() => setIsHelping(true));
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
      {isHelping && <Help close={() => setIsHelping(false)} />}
      <Toasts />
    </div>
  );
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
        {PAGES.map(({ path, name, icon: drawn }) => (
          <li key={path}>
            <Link href={path} aria-current={isWithin(location, path) ? "page" : undefined}>
              {drawn}
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
        <button type="button" class="quiet" onClick={() => void session.logOut()}>
          Sign out
        </button>
      </div>
    </nav>
  );
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

/** Goes to a page by `g` and its letter, to the search of a page by `/`, and shows all keys by `?`. */
function useShortcuts(showHelp: () => void): void {
  const [, navigate] = useLocation();
  useEffect(() => {
    let isGoing = false;
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const page = isGoing ? PAGES.find(({ key }) => key === event.key) : undefined;
      if (page) navigate(page.path);
      else if (event.key === "?") showHelp();
      else if (event.key === "/") focusSearch(event);
      isGoing = event.key === "g";
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [navigate]);
}

function focusSearch(event: Event): void {
  const search = document.querySelector<HTMLInputElement>("#main [type=search]");
  if (search === null) return;
  event.preventDefault();
  search.focus();
}

function Help({ close }: { close: () => void }): JSX.Element {
  const keys = [...PAGES.map(({ key, name }) => [`g ${key}`, name]), ["/", "Search on this page"], ["?", "These keys"], ["Esc", "Close"]];
  return (
    <Dialog title="Keys" close={close}>
      <dl class="keys">
        {keys.map(([key, does]) => (
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

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
