// Copyright: (c) 2026, lineops contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What npm's ads-client sees of a PLC stand-in, as one JSON object. Run by scripts/peers.py, which knows what is right:
// node peer_ads_client.cjs LIBRARY ADDRESS NETID ENTRY ROUTE_NAME   (ENTRY: the payload of ADS 801, in hexadecimal)

"use strict";
const [library, address, netId, entry, routeName] = process.argv.slice(2);
const { Client } = require(library);
const SYSTEM = { adsPort: 10000 };

// Not raw it subscribes to the symbol version, and the stand-in sends no notifications.
const SETTINGS = {
  targetAmsNetId: netId, targetAdsPort: 851, routerAddress: address, routerTcpPort: 48898,
  localAmsNetId: "127.0.0.1.1.1", localAdsPort: 32750, hideConsoleWarnings: true, autoReconnect: false,
  timeoutDelay: 20000, rawClient: true,
};

async function codeOf(promise) {
  try {
    await promise;
    return 0;
  } catch (error) {
    return error.adsError ? error.adsError.errorCode : String(error);
  }
}

async function listed(client) {
  const names = [];
  for (;;) {
    let data;
    try {
      data = await client.readRaw(803, names.length, 2048, SYSTEM);
    } catch (error) {
      return { names, end: error.adsError ? error.adsError.errorCode : String(error) };
    }
    const addressSize = data.readUInt32LE(32);
    const nameSize = data.readUInt32LE(36);
    names.push(data.toString("latin1", 44 + addressSize, 44 + addressSize + nameSize - 1));
  }
}

async function look(seen) {
  const client = new Client(SETTINGS);
  await client.connect();
  seen.device = (await client.readDeviceInfo()).deviceName;
  seen.state = (await client.readState()).adsStateStr;
  seen.before = await listed(client);
  seen.added = await codeOf(client.writeRaw(801, 0, Buffer.from(entry, "hex"), SYSTEM));
  seen.between = await listed(client);
  seen.deleted = await codeOf(client.writeRaw(802, 0, Buffer.from(routeName + "\0"), SYSTEM));
  seen.again = await codeOf(client.writeRaw(802, 0, Buffer.from(routeName + "\0"), SYSTEM));
  seen.after = await listed(client);
  seen.system = (await client.readTcSystemExtendedState()).adsStateStr;
  const handle = await client.createVariableHandle("MAIN.nTest");
  seen.value = (await client.readRawByHandle(handle)).readInt16LE(0);
  await client.writeRawByHandle(handle, Buffer.from([77, 0]));
  await client.deleteVariableHandle(handle);
  await client.disconnect();
}

const seen = {};
look(seen).catch((error) => { seen.error = String(error); }).finally(() => {
  console.log(JSON.stringify(seen));
  process.exit(0);
});
