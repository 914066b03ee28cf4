import type { Clock, Timer } from '../room/ports.ts';
import {
  GONE_FAILURES,
  type RelayRequest,
  type RequestAnswer,
  type RequestCall,
  retryMs,
} from './exchange.ts';

/** After a call with joins further ones wait so long for others to come with, in milliseconds. */
const GATHER_MS = 50;
/** And so much longer for each join that the last call had: the joins of a storm take their time to come. */
const GATHER_EACH_MS = 20;
const MAX_GATHER_MS = 1_000;

/** Requests of one call. */
const CALL_REQUESTS = 500;

export interface UplinkPorts {
  clock: Clock;
  timer: Timer;
  /** Calls the room. `settle` is called once; with undefined where the call broke. */
  request(
    call: Pick<RequestCall, 'n' | 'requests'>,
    settle: (answer: RequestAnswer | undefined) => void,
  ): void;
  answered(answer: RequestAnswer, requests: readonly RelayRequest[]): void;
  /** A call broke: what of it may be done a second time, and is not known to be done. */
  mayRepeat(request: RelayRequest): boolean;
  /** The room has not answered for some 12 s. */
  gone(): void;
}

/** Brings the requests of a relay to its room: in order, one call at a time, repeated until answered. */
export class Uplink {
  readonly #ports: UplinkPorts;
  /** Of sockets that are not open yet: nothing else of such a socket can be before it. */
  #joins: RelayRequest[] = [];
  #waiting: RelayRequest[] = [];
  #underWay: Pick<RequestCall, 'n' | 'requests'> | undefined;
  #n = 0;
  #failures = 0;
  #joinedAt = -Infinity;
  #gatherMs = GATHER_MS;
  #isTimerSet = false;

  constructor(ports: UplinkPorts) {
    this.#ports = ports;
  }

  add(request: RelayRequest): void {
    if (request.type === 'connect') this.#joins.push(request);
    else this.#waiting.push(request);
  }

  /** Adds a request, unless it waits or is on its way. */
  ensure(request: RelayRequest): void {
    if (!this.has((other) => other === request)) this.add(request);
  }

  /** Whether a request waits or is on its way. */
  has(isMeant: (request: RelayRequest) => boolean): boolean {
    const underWay = this.#underWay?.requests ?? [];
    return [this.#joins, this.#waiting, underWay].some((requests) => requests.some(isMeant));
  }

  /** Drops what waits. */
  drop(isMeant: (request: RelayRequest) => boolean): void {
    this.#joins = this.#joins.filter((request) => !isMeant(request));
    this.#waiting = this.#waiting.filter((request) => !isMeant(request));
  }

  /** Starts a call, if there is something to say and none is on its way. */
  start(): void {
    if (this.#underWay !== undefined) return;
    const joins = this.#takeJoins();
    const requests = [...joins, ...this.#waiting.splice(0, CALL_REQUESTS - joins.length)];
    if (requests.length === 0) return;
    this.#underWay = { n: ++this.#n, requests };
    this.#send(this.#underWay);
  }

  #takeJoins(): RelayRequest[] {
    if (this.#joins.length === 0) return [];
    const agoMs = this.#ports.clock.now() - this.#joinedAt;
    if (agoMs >= 0 && agoMs < this.#gatherMs && this.#joins.length < CALL_REQUESTS) {
      this.#startAfter(this.#gatherMs - agoMs);
      return [];
    }
    const joins = this.#joins.splice(0, CALL_REQUESTS);
    this.#joinedAt = this.#ports.clock.now();
    this.#gatherMs = Math.min(MAX_GATHER_MS, GATHER_MS + GATHER_EACH_MS * joins.length);
    return joins;
  }

  #startAfter(ms: number): void {
    if (this.#isTimerSet) return;
    this.#isTimerSet = true;
    this.#ports.timer.after(ms, () => {
      this.#isTimerSet = false;
      this.start();
    });
  }

  #send(call: Pick<RequestCall, 'n' | 'requests'>): void {
    this.#ports.request(call, (answer) => {
      if (this.#underWay !== call) return;
      if (answer === undefined) this.#broke(call);
      else {
        this.#underWay = undefined;
        this.#failures = 0;
        // Joins that the call had no room for do not wait a second time.
        if (answer.later !== undefined) this.#joinedAt = -Infinity;
        this.#ports.answered(answer, call.requests);
        this.start();
      }
    });
  }

  /** The room may have done it or not: it knows the number of a call that it has had. */
  #broke({ n, requests }: Pick<RequestCall, 'n' | 'requests'>): void {
    this.#failures++;
    const again = { n, requests: requests.filter((one) => this.#ports.mayRepeat(one)) };
    this.#underWay = again;
    if (this.#failures === GONE_FAILURES) this.#ports.gone();
    this.#ports.timer.after(retryMs(this.#failures), () => {
      if (this.#underWay !== again) return;
      const still = { n, requests: again.requests.filter((one) => this.#ports.mayRepeat(one)) };
      this.#underWay = still;
      this.#send(still);
    });
  }
}
