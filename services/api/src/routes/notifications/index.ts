import { channelRoutes } from './channels.ts';
import { deliveryRoutes } from './deliveries.ts';
import { testRoutes } from './test-message.ts';

export const notificationRoutes = [...channelRoutes, ...testRoutes, ...deliveryRoutes];
