import { ofThisWindow } from './memory.js';

/**
 * @typedef {object} Unsent
 * @property {string} id the client id, which makes sending again safe
 * @property {string} text
 * @property {'waiting' | 'sending' | 'failed'} state
 * @property {string} [sentence] why it failed and what to do
 */

/** What was written and is not known to be stored, oldest first; survives a reload. */
export class Outbox {
  #key;
  /** @type {Unsent[]} */
  #entries;

  /**
   * @param {string} roomId
   * @param {string} username who wrote it; under another name it waits
   */
  constructor(roomId, username) {
    this.#key = `unsent.${JSON.stringify([roomId, username])}`;
    this.#entries = restored(ofThisWindow.get(this.#key));
  }

  /** @returns {readonly Unsent[]} */
  get entries() {
    return this.#entries;
  }

  /** The one to send next. */
  get next() {
    return this.#entries.find(({ state }) => state === 'waiting');
  }

  /** @param {string} text */
  add(text) {
    this.#put([...this.#entries, { id: newId(), text, state: 'waiting' }]);
  }

  /**
   * @param {string} id
   * @param {Unsent['state']} state
   * @param {string} [sentence]
   */
  mark(id, state, sentence) {
    this.#put(
      this.#entries.map((entry) =>
        entry.id === id ? { id, text: entry.text, state, ...(sentence && { sentence }) } : entry,
      ),
    );
  }

  /** Stored, or no longer wanted. @param {string} id */
  remove(id) {
    if (!this.#entries.some((entry) => entry.id === id)) return;
    this.#put(this.#entries.filter((entry) => entry.id !== id));
  }

  /** @param {Unsent[]} entries */
  #put(entries) {
    this.#entries = entries;
    const kept = entries.map(({ id, text }) => ({ id, text }));
    ofThisWindow.set(this.#key, kept.length === 0 ? undefined : JSON.stringify(kept));
  }
}

/**
 * @param {string | undefined} text
 * @returns {Unsent[]}
 */
function restored(text) {
  try {
    /** @type {{ id: string, text: string }[]} */
    const kept = JSON.parse(text ?? '[]');
    return kept.map(({ id, text }) => ({ id, text, state: 'waiting' }));
  } catch {
    return [];
  }
}

/** 128 random bits. `randomUUID` would need https, which a server in the next room may not have. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
