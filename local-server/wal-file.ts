import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/**
 * The file that SQLite writes commits to (its write-ahead log), held open beside SQLite to bring them
 * to the disk. SQLite can only wait for the disk, one file after the other; several of these are
 * synced at once, while the process does other work.
 */
export class WalFile {
  readonly #file: number;
  #underWay = 0;
  #isClosed = false;

  constructor(path: string) {
    // Some systems sync only a file that is open for writing.
    this.#file = openSync(path, 'r+');
  }

  /** Waits until what was committed is on the disk. */
  sync(): void {
    fdatasyncSync(this.#file);
  }

  /** Calls `done` when what is committed now is on the disk, or cannot get there. */
  syncLater(done: (error: Error | null) => void): void {
    this.#underWay++;
    fdatasync(this.#file, (error) => {
      this.#underWay--;
      this.#release();
      done(error);
    });
  }

  /** Closes the file as soon as no sync is under way. */
  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  #release(): void {
    if (this.#isClosed && this.#underWay === 0) closeSync(this.#file);
  }
}
