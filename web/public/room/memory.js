/**
 * What the page remembers. A browser may forbid storage: then it remembers nothing, and works.
 *
 * @param {() => Storage} open
 */
function memory(open) {
  return {
    /** @param {string} key */
    get(key) {
      try {
        return open().getItem(`parlor.${key}`) ?? undefined;
      } catch {
        return undefined;
      }
    },
    /**
     * @param {string} key
     * @param {string | undefined} value nothing forgets it
     */
    set(key, value) {
      try {
        if (value === undefined) open().removeItem(`parlor.${key}`);
        else open().setItem(`parlor.${key}`, value);
      } catch {
        // Full or forbidden: nothing depends on it.
      }
    },
  };
}

/** For every window and for good: the name and the room. */
export const remembered = memory(() => localStorage);

/** For this window until it is closed: credentials, and what could not be sent. */
export const ofThisWindow = memory(() => sessionStorage);
