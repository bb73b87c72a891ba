/**
 * The smallest Ceph that serves S3: one monitor and one object store in memory, on loopback, without authentication
 * between its own parts. `crc` modes are what goes with that.
 */
export function clusterConfig(options: {
  folder: string;
  fsid: string;
  monitorPort: number;
  gatewayPort: number;
}): string {
  const { folder, fsid, monitorPort, gatewayPort } = options;
  return `[global]
fsid = ${fsid}
mon initial members = a
mon host = [v2:127.0.0.1:${monitorPort}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
osd objectstore = memstore
memstore device bytes = 2147483648
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon data avail crit = 1
mon data avail warn = 1
run dir = ${folder}
admin socket =
log file = ${folder}/$name.log
mon cluster log file = ${folder}/cluster.log
keyring = ${folder}/keyring
mon data = ${folder}/mon
osd data = ${folder}/osd
rgw data = ${folder}/rgw
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
`;
}
