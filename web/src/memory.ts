import type { Store } from '../../src/client/index.ts';

/** The page's storage. If the browser forbids storage, nothing is kept and the page still works. */
interface Memory extends Store {
  /** @param value undefined removes it */
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

/** Kept for all windows, and permanently: name, rooms, drafts and choices. */
export const permanentStorage = memory(() => localStorage);

/** Kept for this window until it is closed: credentials, a guest's drafts, and unsent messages. */
export const windowStorage = memory(() => sessionStorage);
