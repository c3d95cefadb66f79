import type { ComponentType, FunctionComponent, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { isConnected } from "../client.ts";
import { ErrorState, LoadingRows } from "./states.tsx";

type State<Props> = { Page: ComponentType<Props> | undefined; hasFailed: boolean };

/** Returns a page that is loaded when it is first shown, and stays loaded. Without a server, it is loaded when that is back. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): FunctionComponent<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function LazyPage(props: Props): JSX.Element {
    const [{ Page, hasFailed }, setState] = useState<State<Props>>({ Page: loaded, hasFailed: false });
    const isAway = isConnected.value === false;
    useEffect(() => {
      if (loaded) return;
      load().then(
        (Page) => setState({ Page: (loaded = Page), hasFailed: false }),
        () => setState({ Page: undefined, hasFailed: true }),
      );
    }, [isAway]);
    if (Page) return <Page {...props} />;
    if (!hasFailed) return <LoadingRows count={8} />;
    // A server that was updated has other files. The page's document names them.
    const message = isAway ? "The server cannot be reached." : "A part of the dashboard is missing.";
    return <ErrorState message={message} retry={() => location.reload()} />;
  };
}
