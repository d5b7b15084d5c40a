// Words that vlmcsd writes: products with protocol, minimum of clients and application, statuses, refusals.

export const knownProducts = [
  ['2de67392-b7a7-462a-b1ca-108dd189f588', 'Windows 10 Professional', '6.0', 25, 0],
  ['73111121-5638-40f6-bc11-f1d7b0d64300', 'Windows 10 Enterprise', '6.0', 25, 0],
  ['0df4f814-3f57-4b8b-9a9d-fddadcd69fac', 'Windows 10 S (Lean)', '6.0', 25, 0],
  ['b92e9980-b9d5-4821-9c94-140f632f6312', 'Windows 7 Professional', '4.0', 25, 0],
  ['34e1ae55-27f8-4950-8877-7a03be5fb181', 'Windows Server 2019 Datacenter', '6.0', 5, 0],
  ['458e1bec-837a-45f6-b9d5-925ed5d299de', 'Windows 8 Enterprise', '5.0', 25, 0],
  ['d450596f-894d-49e0-966a-fd39ed4c4c64', 'Office Professional Plus 2016', '6.0', 5, 1],
  ['85dd8b5f-eaa4-4af3-a628-cce9e77c9a03', 'Office Professional Plus 2019', '6.0', 5, 1],
] as const

export const statuses = [
  'Unlicensed',
  'Licensed',
  'OOB grace',
  'OOT grace',
  'Non-Genuine',
  'Notification',
  'Extended grace',
]
export const applications = [
  ['55c92734-d682-4d71-983e-d6ec3f16059f', 'Windows'],
  ['0ff1ce15-a989-479d-af46-f275c6370663', 'Office2013+'],
] as const
export const refusals = [
  ['Rejecting request with more than 1000 minimum clients', '0x8007000D'],
  ['Client time differs more than 4 hours from system time', '0xC004F06C'],
  ['Refusing retail or beta product', '0xC004F042'],
  ['Refusing unknown product', '0xC004F042'],
  ['Refusing product with incorrect Application ID', '0xC004F042'],
  ['Rejecting more than 671 clients', '0xC004D104'],
] as const
