import type { ComponentType, FunctionComponent, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { ErrorState, LoadingRows } from "./states.tsx";

type State<Props> = { Page: ComponentType<Props> | undefined; hasFailed: boolean };

/** Returns a page that is loaded when it is first shown, and stays loaded. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): FunctionComponent<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function LazyPage(props: Props): JSX.Element {
    const [{ Page, hasFailed }, setState] = useState<State<Props>>({ Page: loaded, hasFailed: false });
    useEffect(() => {
      if (loaded) return;
      load().then(
        (Page) => setState({ Page: (loaded = Page), hasFailed: false }),
        () => setState({ Page: undefined, hasFailed: true }),
      );
    }, []);
    if (Page) return <Page {...props} />;
    // A server that was updated has other files. The page's document names them.
    if (hasFailed) return <ErrorState message="A part of the dashboard is missing." retry={() => location.reload()} />;
    return <LoadingRows count={8} />;
  };
}
