import type {
  Channel,
  ChannelSecrets,
  Delivery,
  DeliveryEnd,
  DeliveryStatus,
  NotificationEvent,
  Schedule,
  Secret,
} from '@holdfast/shared/domain';

export type NewChannel = Pick<Channel, 'name' | 'type' | 'settings' | 'secrets' | 'rules' | 'enabled'>;

/** Of the secrets those that are named are replaced, or taken away by null, and the others stay. */
export type ChannelChange = Partial<Omit<NewChannel, 'type' | 'secrets'>> & {
  secrets?: { readonly [name in keyof ChannelSecrets]: Secret | null };
};

export interface ChannelRepository {
  create(accountId: number, channel: NewChannel): Promise<Channel | 'name_taken'>;
  findOwned(accountId: number, id: string): Promise<Channel | null>;
  /** Newest first, without those of pings. */
  list(accountId: number): Promise<Channel[]>;
  /** Switched off, a channel has nothing to send any more: what waited ends as `error`. */
  update(accountId: number, id: string, change: ChannelChange): Promise<Channel | 'name_taken' | null>;
  /** Its deliveries go with it. */
  delete(accountId: number, id: string): Promise<boolean>;
  /** Where the pings of a schedule go; null: nowhere any more. */
  setPing(schedule: Pick<Schedule, 'id' | 'accountId'>, url: Secret | null): Promise<void>;
}

/** A delivery as it is shown: with its channel and the first of its events. */
export interface ShownDelivery extends Delivery {
  channel: Pick<Channel, 'id' | 'name' | 'type' | 'scheduleId'>;
  events: NotificationEvent[];
  /** How many there are. */
  eventCount: number;
}

/** A delivery that nobody else sends until the lease of its channel ends or it is settled. */
export interface ClaimedDelivery extends ShownDelivery {
  channel: Channel;
  /** Of the lease. */
  owner: string;
}

export interface DeliveryPage {
  limit: number;
  /** Null: of all channels, those of pings among them. */
  channelId: string | null;
  status: DeliveryStatus | null;
  /** Those made before; null: the newest. */
  before: Date | null;
}

export interface NotificationRepository {
  /**
   * Makes events of backups and restores that have ended, and pings of those of schedules, each once, whoever looks and however
   * long nobody looked. At most one page of `limit` rows in a turn. Of several that call it at once one works.
   */
  collect(limit: number): Promise<void>;
  /**
   * Gives each new event to each channel that was there when it happened and whose rules want it: by a delivery of its own, in a
   * digest, or beyond the channel's limit in one that tells how many were held back.
   * @returns how many events were looked at
   */
  fanOut(limit: number): Promise<number>;
  /** Makes for each channel one delivery of all that is still wrong, that nobody acknowledged, and that is to be told again. */
  repeat(): Promise<number>;
  /** Takes the delivery that is due first of a channel to which nobody sends, which is leased for so long. */
  claim(leaseSeconds: number): Promise<ClaimedDelivery | null>;
  /** Records how an attempt ended and frees the channel. @returns false when another took it over meanwhile */
  settle(claimed: ClaimedDelivery, end: DeliveryEnd): Promise<boolean>;
  /** Takes an attempt back that did not come to its end, as the sender stops. */
  handBack(claimed: ClaimedDelivery): Promise<void>;
  /** Puts a trial into the outbox: one attempt, at once, also of a channel that is switched off. */
  test(channel: Pick<Channel, 'id' | 'accountId'>, message: string): Promise<string>;
  /** Ends a trial that nobody began to send. @returns false when somebody did */
  giveUp(id: string, reason: string): Promise<boolean>;
  findOwned(accountId: number, id: string): Promise<ShownDelivery | null>;
  /** Newest first. */
  list(accountId: number, page: DeliveryPage): Promise<ShownDelivery[]>;
  /** Sends one that has ended once more, under the same id. @returns `open` where it has not ended; null: unknown */
  resend(accountId: number, id: string): Promise<ShownDelivery | 'open' | null>;
  /** Removes up to `limit` deliveries that ended, and as many events that happened, more than 90 days ago. */
  forget(limit: number): Promise<number>;
}
