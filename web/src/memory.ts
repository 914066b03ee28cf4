import type { Store } from '../../src/client/index.ts';

/** What the page remembers. A browser may forbid storage: then it remembers nothing, and works. */
interface Memory extends Store {
  /** @param value nothing forgets it */
  set(key: string, value: string | undefined): void;
}

const PREFIX = 'parlor.';

function memory(open: () => Storage): Memory {
  return {
    getItem(key) {
      try {
        return open().getItem(PREFIX + key);
      } catch {
        return null;
      }
    },
    setItem(key, value) {
      try {
        open().setItem(PREFIX + key, value);
      } catch {
        // Full or forbidden: nothing depends on it.
      }
    },
    removeItem(key) {
      try {
        open().removeItem(PREFIX + key);
      } catch {
        // As above.
      }
    },
    set(key, value) {
      if (value === undefined) this.removeItem(key);
      else this.setItem(key, value);
    },
  };
}

/** For every window and for good: names and rooms. */
export const remembered = memory(() => localStorage);

/** For this window until it is closed: credentials, drafts, and what could not be sent. */
export const ofThisWindow = memory(() => sessionStorage);
