/**
 * The live socket, /api/v1/live (cookie or bearer token, role viewer). Text frames are JSON, binary frames are
 * those of history/frame.ts.
 *
 * Browser to daemon: `{"type":"watch","tags":[1,2]}` replaces the set of tags on screen and is answered by a
 * binary snapshot of them; `{"type":"join","rooms":["alarms"]}` replaces the set of rooms.
 * Daemon to browser: a hello first, a heartbeat each second, binary frames at most every 250 ms, room messages.
 */
export interface Hello {
  type: 'hello';
  /** Changes when the daemon starts anew: reload all state. */
  epoch: string;
  /** Changes when the screens were built anew: offer to reload the page. */
  build: string;
  /** Server time, milliseconds since the epoch. */
  now: number;
}
export interface Heartbeat {
  type: 'heartbeat';
  now: number;
}
/** Something in the room has changed: fetch it again, or use `body` where the room defines one. */
export interface RoomMessage {
  type: 'room';
  room: Room;
  body?: unknown;
}
export type Room = 'alarms' | 'sources' | 'jobs' | 'trainings' | 'models' | 'forecasts' | 'sites';
export type LiveMessage = Hello | Heartbeat | RoomMessage;
export type LiveRequest = { type: 'watch'; tags: number[] } | { type: 'join'; rooms: Room[] };
