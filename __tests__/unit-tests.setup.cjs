// Some of them start real servers, and a machine's cores may be busy: five seconds, Jest's default, would be a test of the machine.
jest.setTimeout(60_000);
