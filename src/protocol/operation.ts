import type * as z from 'zod';

/** The protocol's entry for a command or a request; its handler is elsewhere. */
export interface Operation {
  /** Unknown fields are ignored, and null in an optional field counts as absent. */
  payload: z.ZodObject;
  /** What the `ok` reply carries. */
  reply: z.ZodObject;
  /** What it takes from its sender's allowance, in commands; 1 unless given. */
  cost?: number;
  /**
   * `connection`: only for connections. `http`: only without one. `service`: only for other parts of
   * the service, such as inboxes, or transports as a step of a route. Connections and HTTP unless given.
   */
  via?: 'connection' | 'http' | 'service';
  /**
   * When a room accepts it although it refuses everything else: `always`, from users who may not be in
   * the room; `whenDeleted` and `whileImporting`, from admins.
   */
  access?: 'always' | 'whenDeleted' | 'whileImporting';
  /** Earlier deletions and erasures have to be finished first. */
  awaitsErasures?: true;
  /**
   * Method and path within `/rooms/:roomId`. Fields of the payload that the path does not name are in
   * the query of GET and DELETE, and in the body of other methods. A body without required fields may
   * be left out, except with PATCH.
   */
  route?: `${Method} /${string}`;
  /** The route answers 201, or 200 for a duplicate. */
  creates?: true;
  /** Fields with another name in the query, by that name. */
  query?: Readonly<Record<string, string>>;
  /** The route is written by hand, because it streams, or does many steps. */
  hasOwnHandler?: true;
  /** One line for `/openapi.json`. */
  summary?: string;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
