import { DurableObject } from 'cloudflare:workers';
import { FlushScheduler } from '../host/flush-scheduler.ts';
import { type CommitPort, type Hosted, HostedObject } from '../host/hosted-object.ts';
import { consoleLogger } from '../observability/console-logger.ts';
import { Refusal } from '../protocol/codes/errors.ts';
import type { Ports } from '../room/ports.ts';
import { readSettings } from '../settings/settings.ts';
import type { Environment } from './environment.ts';
import { ObjectSql } from './object-sql.ts';
import { ObjectWakeup } from './object-wakeup.ts';

/** An object that could not be opened is woken again after this long, in milliseconds. */
const WAKE_AGAIN_MS = 600_000;

/**
 * The output gate is the commit: it holds back what a turn sends and returns until what the turn wrote
 * is durable, and resets the object where that fails.
 */
const OUTPUT_GATE: CommitPort = { commit: () => true, sync: () => undefined };

/** What an object counts of its own life. */
export interface ObjectReport {
  /** A flush is over, so long after the first of what it holds had come. */
  waited(ms: number): void;
  /** Writes a line when one is due. */
  write(connections: number, now: number): void;
}

/** What a hosted object gets of every Durable Object. */
export type ObjectPorts = Pick<Ports, 'sql' | 'clock' | 'ids' | 'timer' | 'wakeup' | 'log'>;

/**
 * A Durable Object that hosts an object of ours. Each turn that writes is a commit of its own, so what
 * comes while a flush is being gathered for waits for that flush: a busy object stores with one commit
 * what it then tells with one frame each.
 */
export abstract class HostingObject<O extends Hosted> extends DurableObject<Environment> {
  /** Tells one life of the Durable Object from the next. */
  readonly instance: string = crypto.randomUUID();
  protected readonly settings = readSettings(this.env).settings;
  protected readonly log = consoleLogger(this.settings).about({ room: this.ctx.id.name });
  protected abstract readonly report: ObjectReport;
  readonly #scheduler = new FlushScheduler(
    { now: () => Date.now() },
    this.settings.limits.batchDelayMs,
  );
  #flushTimer: ReturnType<typeof setTimeout> | undefined;

  protected readonly hosted = new HostedObject<O>({
    storage: OUTPUT_GATE,
    make: () => this.make(this.#ports()),
    now: () => Date.now(),
    after: (ms, work) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    schedule: () => this.#schedule(),
    flushed: (hasHandedOut, startedAt, dueSince) => {
      if (this.#flushTimer !== undefined) clearTimeout(this.#flushTimer);
      this.#flushTimer = undefined;
      if (hasHandedOut) this.#handedOut(startedAt, dueSince);
      else this.report.write(this.listenerCount, startedAt);
    },
    reset: () => this.closeConnections(),
    log: this.log,
    maxQueued: this.settings.limits.unsentBytes,
  });

  protected abstract make(ports: ObjectPorts): O;
  /** How many connections a flush may write to. */
  protected abstract get listenerCount(): number;
  /** Closes every connection with 4000. */
  protected abstract closeConnections(): void;

  /** The object's wakeup. One that cannot be opened keeps it: the platform gives up after six tries. */
  override async alarm(): Promise<void> {
    try {
      await this.hosted.run((object) => object.wake());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      void this.ctx.storage.setAlarm(Date.now() + WAKE_AGAIN_MS);
    }
  }

  /** At once after quiet; in a busy object together with what comes soon. */
  #schedule(): void {
    const delayMs = this.#scheduler.delayMs(this.listenerCount);
    if (delayMs > 0) this.#flushTimer ??= setTimeout(() => this.hosted.flush(), delayMs);
    else this.hosted.flush();
  }

  #handedOut(startedAt: number, dueSince: number): void {
    this.#scheduler.flushes();
    // An object's clock stands still within a turn: the next one sees what this one took.
    setTimeout(() => {
      const now = Date.now();
      this.#scheduler.flushed(now - startedAt);
      this.report.waited(now - dueSince);
      this.report.write(this.listenerCount, now);
    }, 0);
  }

  #ports(): ObjectPorts {
    return {
      sql: new ObjectSql(this.ctx.storage),
      clock: { now: () => Date.now() },
      ids: { make: () => crypto.randomUUID() },
      timer: { after: (ms, work) => this.hosted.after(ms, work) },
      wakeup: new ObjectWakeup(this.ctx.storage),
      log: this.log,
    };
  }
}
