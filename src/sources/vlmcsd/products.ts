// Names of products by SKU id (activation id): vlmcsd knows none after 2018, and none at all without its data file.

/** The name of a SKU, for a lower-case GUID; undefined when we are not sure of it. */
export function productOf(skuId: string): string | undefined {
  return products.get(skuId)
}

export interface Product {
  /** A GUID in lower case; empty when the log has none. */
  readonly id: string
  /** What people read: the log's name, else ours, else the id. */
  readonly name: string
  /** Whether the name is not of our table: anybody can make up such. */
  readonly isStrange: boolean
}

/** `said`: the name in the log, which knows few or none. */
export function toProduct(id: string, said: string): Product {
  const known = productOf(id)
  if (said !== '' && said !== 'Unknown') return { id, name: said, isStrange: said !== known }
  return known === undefined ? { id, name: id, isStrange: true } : { id, name: known, isStrange: false }
}

/** How many we know. */
export const productCount = (): number => products.size

// Windows 11 asks with the ids of Windows 10, and LTSC 2021 with those of LTSC 2019: one name stands for both.
const products = new Map(
  `
4f3d1606-3fea-4c01-be3c-8d671c401e3b Windows Vista Business
2c682dc2-8b68-4f63-a165-ae291d4cf138 Windows Vista Business N
cfd8ff08-c0d7-452b-9f60-ef5c70c32094 Windows Vista Enterprise
d4f54950-26f2-4fb4-ba21-ffab16afcade Windows Vista Enterprise N
ae2ee509-1b34-41c0-acb7-6d4650168915 Windows 7 Enterprise
46bbed08-9c7b-48fc-a614-95250573f4ea Windows 7 Enterprise E
1cb6d605-11b3-4e14-bb30-da91c8e3983a Windows 7 Enterprise N
b92e9980-b9d5-4821-9c94-140f632f6312 Windows 7 Professional
5a041529-fef8-4d07-b06f-b59b573b32d2 Windows 7 Professional E
54a09a0d-d57b-4c10-8b69-a842d6590ad5 Windows 7 Professional N
db537896-376f-48ae-a492-53d0547773d0 Windows 7 Embedded POSReady
e1a8296a-db37-44d1-8cce-7bc961d59c54 Windows 7 Embedded Standard
aa6dd3aa-c2b4-40e2-a544-a6bbb3f5c395 Windows 7 ThinPC
c04ed6bf-55c8-4b47-9f8e-5a1f31ceee60 Windows 8 Core
9d5584a2-2d85-419a-982c-a00888bb9ddf Windows 8 Core Country Specific
197390a0-65f6-4a95-bdc4-55d58a3b0253 Windows 8 Core N
8860fcd4-a77b-4a20-9045-a150ff11d609 Windows 8 Core Single Language
a00018a3-f20f-4632-bf7c-8daa5351c914 Windows 8 Professional WMC
10018baf-ce21-4060-80bd-47fe74ed4dab Windows 8 Embedded Industry Professional
18db1848-12e0-4167-b9d7-da7fcda507db Windows 8 Embedded Industry Enterprise
458e1bec-837a-45f6-b9d5-925ed5d299de Windows 8 Enterprise
e14997e7-800a-4cf7-ad10-de4b45b578db Windows 8 Enterprise N
a98bcd6d-5343-4603-8afe-5908e4611112 Windows 8 Professional
ebf245c1-29a8-4daf-9cb1-38dfc608a8c8 Windows 8 Professional N
fe1c3238-432a-43a1-8e25-97e7d1ef10f3 Windows 8.1 Core
ffee456a-cd87-4390-8e07-16146c672fd0 Windows 8.1 Core ARM64
db78b74f-ef1c-4892-abfe-1e66b8231df6 Windows 8.1 Core Country Specific
78558a64-dc19-43fe-a0d0-8075b2a370a3 Windows 8.1 Core N
c72c6a1d-f252-4e7e-bdd1-3fca342acb35 Windows 8.1 Core Single Language
e58d87b5-8126-4580-80fb-861b22f79296 Windows 8.1 Professional Student
cab491c7-a918-4f60-b502-dab75e334f40 Windows 8.1 Professional Student N
096ce63d-4fac-48a9-82a9-61ae9e800e5f Windows 8.1 Professional WMC
81671aaf-79d1-4eb1-b004-8cbbe173afea Windows 8.1 Enterprise
113e705c-fa49-48a4-beea-7dd879b46b14 Windows 8.1 Enterprise N
c06b6981-d7fd-4a35-b7b4-054742b7af67 Windows 8.1 Professional
7476d79f-8e48-49b4-ab63-4d0b813a16e4 Windows 8.1 Professional N
0ab82d54-47f4-4acb-818c-cc5bf0ecb649 Windows 8.1 Embedded Industry Professional
f7e88590-dfc7-4c78-bccb-6f3865b99d1a Windows 8.1 Embedded Industry Automotive
cd4e2d9f-5059-4a50-a92d-05d5bb1267c7 Windows 8.1 Embedded Industry Enterprise
58e97c99-f377-4ef1-81d5-4ad5522b5fd8 Windows 10 Home
a9107544-f4a0-4053-a96a-1479abdef912 Windows 10 Home Country Specific
7b9e1751-a8da-4f75-9560-5fadfe3d8e38 Windows 10 Home N
cd918a57-a41b-4c82-8dce-1a538e221a83 Windows 10 Home Single Language
e0c42288-980c-4788-a014-c080d2e1926e Windows 10 Education
3c102355-d027-42c6-ad23-2e7ef8a02585 Windows 10 Education N
73111121-5638-40f6-bc11-f1d7b0d64300 Windows 10 Enterprise
e272e3e2-732f-4c65-a8f0-484747d0d947 Windows 10 Enterprise N
e0b2d383-d112-413f-8a80-97f373a5820c Windows 10 Enterprise G
e38454fb-41a4-4f59-a5dc-25080e354730 Windows 10 Enterprise G N
7b51a46c-0c04-4e8f-9af4-8496cca90d5e Windows 10 Enterprise 2015 LTSB
87b838b7-41b6-4590-8318-5797951d8529 Windows 10 Enterprise 2015 LTSB N
2d5a5a60-3040-48bf-beb0-fcd770c20ce0 Windows 10 Enterprise 2016 LTSB
9f776d83-7156-45b2-8a5c-359b9c9f22a3 Windows 10 Enterprise 2016 LTSB N
32d2fab3-e4a8-42c2-923b-4bf4fd13e6ee Windows 10 Enterprise LTSC 2019
7103a333-b8c8-49cc-93ce-d37c09687f92 Windows 10 Enterprise LTSC 2019 N
59eb965c-9150-42b7-a0ec-22151b9897c5 Windows 10 IoT Enterprise LTSC 2021
ec868e65-fadf-4759-b23e-93fe37f2cc29 Windows 10 Enterprise for Virtual Desktops
e4db50ea-bda1-4566-b047-0ca50abc6f07 Windows 10 Remote Server
2de67392-b7a7-462a-b1ca-108dd189f588 Windows 10 Professional
a80b5abf-76ad-428b-b05d-a47d2dffeebf Windows 10 Professional N
3f1afc82-f8ac-4f6c-8005-1d233e606eee Windows 10 Professional Education
5300b18c-2e33-4dc2-8291-47ffcec746dd Windows 10 Professional Education N
82bbc092-bc50-4e16-8e18-b74fc486aec3 Windows 10 Professional Workstation
4b1571d3-bafb-4b40-8087-a961be2caf65 Windows 10 Professional Workstation N
0df4f814-3f57-4b8b-9a9d-fddadcd69fac Windows 10 S (Lean)
ca7df2e3-5ea0-47b8-9ac1-b1be4d8edd69 Windows 11 SE
d30136fc-cb4b-416e-a23d-87207abc44a9 Windows 11 SE N
ddfa9f7c-f09e-40b9-8c1a-be877a9a7f4b Windows Server 2008 Web
7afb1156-2c1d-40fc-b260-aab7442b62fe Windows Server 2008 HPC Edition
ad2542d4-9154-4c6d-8a44-30f11ee96989 Windows Server 2008 Standard
2401e3d0-c50a-4b58-87b2-7e794b7d2607 Windows Server 2008 Standard without Hyper-V
c1af4d90-d1bc-44ca-85d4-003ba33db3b9 Windows Server 2008 Enterprise
8198490a-add0-47b2-b3ba-316b12d647b4 Windows Server 2008 Enterprise without Hyper-V
68b6e220-cf09-466b-92d3-45cd964b9509 Windows Server 2008 Datacenter
fd09ef77-5647-4eff-809c-af2b64659a45 Windows Server 2008 Datacenter without Hyper-V
01ef176b-3e0d-422a-b4f8-4ea880035e8f Windows Server 2008 for Itanium Systems
f772515c-0e87-48d5-a676-e6962c3e1195 Windows MultiPoint Server 2010
a78b8bd9-8017-4df5-b86a-09f756affa7c Windows Server 2008 R2 Web
cda18cf3-c196-46ad-b289-60c072869994 Windows Server 2008 R2 HPC Edition
68531fb9-5511-4989-97be-d11a0f55633f Windows Server 2008 R2 Standard
620e2b3d-09e7-42fd-802a-17a13652fe7a Windows Server 2008 R2 Enterprise
7482e61b-c589-4b7f-8ecc-46d455ac3b87 Windows Server 2008 R2 Datacenter
8a26851c-1c7e-48d3-a687-fbca9b9ac16b Windows Server 2008 R2 for Itanium Systems
d3643d60-0c42-412d-a7d6-52e6635327f6 Windows Server 2012 Datacenter
95fd1c83-7df5-494a-be8b-1300e1c9d1cd Windows Server 2012 MultiPoint Premium
7d5486c7-e120-4771-b7f1-7b56c6d3170c Windows Server 2012 MultiPoint Standard
f0f5ec41-0d55-4732-af02-440a44a3cf0f Windows Server 2012 Standard
b743a2be-68d4-4dd3-af32-92425b7bb623 Windows Server 2012 R2 Cloud Storage
00091344-1ea4-4f37-b789-01750ba6988c Windows Server 2012 R2 Datacenter
21db6ba4-9a7b-4a14-9e29-64a60c59301d Windows Server 2012 R2 Essentials
b3ca044e-a358-4d68-9883-aaa2941aca99 Windows Server 2012 R2 Standard
3dbf341b-5f6c-4fa7-b936-699dce9e263f Windows Server 2016 Azure Core
7b4433f4-b1e7-4788-895a-c45378d38253 Windows Server 2016 Cloud Storage
21c56779-b449-4d20-adfc-eece0e1ad74b Windows Server 2016 Datacenter
2b5a1b0f-a5ab-4c54-ac2f-a6d94824a283 Windows Server 2016 Essentials
8c1c5410-9f39-4805-8c9d-63a07706358f Windows Server 2016 Standard
43d9af6e-5e86-4be8-a797-d072a046896c Windows Server 2016 ARM64
e49c08e7-da82-42f8-bde2-b570fbcae76c Windows Server 2016 Datacenter (Semi-Annual Channel)
61c5ef22-f14f-4553-a824-c4b31e84b100 Windows Server 2016 Standard (Semi-Annual Channel)
8de8eb62-bbe0-40ac-ac17-f75595071ea3 Windows Server 2019 ARM64
a99cc1f0-7719-4306-9645-294102fbff95 Windows Server 2019 Azure Core
34e1ae55-27f8-4950-8877-7a03be5fb181 Windows Server 2019 Datacenter
034d3cbb-5d4b-4245-b3f8-f84571314078 Windows Server 2019 Essentials
de32eafd-aaee-4662-9444-c1befb41bde2 Windows Server 2019 Standard
90c362e5-0da1-4bfd-b53b-b87d309ade43 Windows Server 2019 Datacenter (Semi-Annual Channel)
73e3957c-fc0c-400d-9184-5f7b6f2eb409 Windows Server 2019 Standard (Semi-Annual Channel)
9bd77860-9b31-4b7b-96ad-2564017315bf Windows Server 2022 Standard
ef6cfc9f-8c5d-44ac-9aad-de6a2ea0ae03 Windows Server 2022 Datacenter
8c8f0ad3-9a43-4e05-b840-93b8d1475cbc Windows Server 2022 Azure Core
7dc26449-db21-4e09-ba37-28f2958506a6 Windows Server 2025 Standard
c052f164-cdf6-409a-a0cb-853ba0f0f55a Windows Server 2025 Datacenter
8ce7e872-188c-4b98-9d90-f8f90b7aad02 Office Access 2010
cee5d470-6e3b-4fcc-8c2b-d17428568a9f Office Excel 2010
8947d0b8-c33b-43e1-8c56-9b674c052832 Office Groove 2010
ca6b6639-4ad6-40ae-a575-14dee07f6430 Office InfoPath 2010
ab586f5c-5256-4632-962f-fefd8b49e6f4 Office OneNote 2010
ecb7c192-73ab-4ded-acf4-2399b095d0cc Office Outlook 2010
45593b1d-dfb1-4e91-bbfb-2d5d0ce2227a Office PowerPoint 2010
6f327760-8c5c-417c-9b61-836a98287e0c Office Professional Plus 2010
df133ff7-bf14-4f95-afe3-7b48e7e331ef Project Professional 2010
5dc7bf61-5ec9-4996-9ccb-df806a2d0efe Project Standard 2010
b50c4f75-599b-43e8-8dcd-1081a7967241 Office Publisher 2010
ea509e87-07a1-4a45-9edc-eba5a39f36af Office Small Business Basics 2010
9da2a678-fb6b-4e67-ab84-60dd6a9c819a Office Standard 2010
92236105-bb67-494f-94c7-7f7a607929bd Visio Premium 2010
e558389c-83c3-4b29-adfe-5e4d7f46c358 Visio Professional 2010
9ed833ff-4f92-4f36-b370-8683a4f13275 Visio Standard 2010
2d0882e7-a4e7-423b-8ccc-70d91e0158b1 Office Word 2010
6ee7622c-18d8-4005-9fb7-92db644a279b Office Access 2013
f7461d52-7c2b-43b2-8744-ea958e0bd09a Office Excel 2013
a30b8040-d68a-423f-b0b5-9ce292ea5a8f Office InfoPath 2013
1b9f11e3-c85c-4e1b-bb29-879ad2c909e3 Office Lync 2013
dc981c6b-fc8e-420f-aa43-f8f33e5c0923 Office Mondo 2013
efe1f3e6-aea2-4144-a208-32aa872b6545 Office OneNote 2013
771c3afa-50c5-443f-b151-ff2546d863a0 Office Outlook 2013
8c762649-97d1-4953-ad27-b7e2c25b972e Office PowerPoint 2013
b322da9c-a2e2-4058-9e4e-f59a6970bd69 Office Professional Plus 2013
4a5d124a-e620-44ba-b6ff-658961b33b9a Project Professional 2013
427a28d1-d17c-4abf-b717-32c780ba6f07 Project Standard 2013
00c79ff1-6850-443d-bf61-71cde0de305f Office Publisher 2013
b13afb38-cd79-4ae5-9f7f-eed058d750ca Office Standard 2013
e13ac10e-75d0-4aff-a0cd-764982cf541c Visio Professional 2013
ac4efaf0-f81f-4f61-bdf7-ea32b02ab117 Visio Standard 2013
d9f5b1c6-5386-495a-88f9-9ad6b41ac9b3 Office Word 2013
67c0fc0c-deba-401b-bf8b-9c8ad8395804 Office Access 2016
c3e65d36-141f-4d2f-a303-a842ee756a29 Office Excel 2016
9caabccb-61b1-4b4b-8bec-d10a3c3ac2ce Office Mondo 2016
d8cace59-33d2-4ac7-9b1b-9b72339c51c8 Office OneNote 2016
ec9d9265-9d1e-4ed0-838a-cdc20f2551a1 Office Outlook 2016
d70b1bba-b893-4544-96e2-b7a318091c33 Office PowerPoint 2016
d450596f-894d-49e0-966a-fd39ed4c4c64 Office Professional Plus 2016
4f414197-0fc2-4c01-b68a-86cbb9ac254c Project Professional 2016
da7ddabc-3fbe-4447-9e01-6ab7440b4cd4 Project Standard 2016
041a06cb-c5b8-4772-809f-416d03d16654 Office Publisher 2016
83e04ee1-fa8d-436d-8994-d31a862cab77 Skype for Business 2016
dedfa23d-6ed1-45a6-85dc-63cae0546de6 Office Standard 2016
6bf301c1-b94a-43e9-ba31-d494598c47fb Visio Professional 2016
aa2a7821-1827-4c2c-8f1d-4513a34dda97 Visio Standard 2016
bb11badf-d8aa-470e-9311-20eaf80fe5cc Office Word 2016
9e9bceeb-e736-4f26-88de-763f87dcc485 Office Access 2019
237854e9-79fc-4497-a0c1-a70969691c6b Office Excel 2019
c8f8a301-19f5-4132-96ce-2de9d4adbd33 Office Outlook 2019
3131fd61-5e4f-4308-8d6d-62be1987c92c Office PowerPoint 2019
85dd8b5f-eaa4-4af3-a628-cce9e77c9a03 Office Professional Plus 2019
2ca2bf3f-949e-446a-82c7-e25a15ec78c4 Project Professional 2019
1777f0e3-7392-4198-97ea-8ae4de6f6381 Project Standard 2019
9d3e4cca-e172-46f1-a2f4-1d2107051444 Office Publisher 2019
734c6c6e-b0ba-4298-a891-671772b2bd1b Skype for Business 2019
6912a74b-a5fb-401a-bfdb-2e3ab46f4b02 Office Standard 2019
5b5cf08f-b81a-431d-b080-3450d8620565 Visio Professional 2019
e06d7df3-aad0-419d-8dfb-0ac37e2bdf39 Visio Standard 2019
059834fe-a8ea-4bff-b67b-4d006b5447d3 Office Word 2019
1fe429d8-3fa7-4a39-b6f0-03dded42fe14 Office Access LTSC 2021
ea71effc-69f1-4925-9991-2f5e319bbc24 Office Excel LTSC 2021
a5799e4c-f83c-4c6e-9516-dfe9b696150b Office Outlook LTSC 2021
6e166cc3-495d-438a-89e7-d7c9e6fd4dea Office PowerPoint LTSC 2021
fbdb3e18-a8ef-4fb3-9183-dffd60bd0984 Office LTSC Professional Plus 2021
76881159-155c-43e0-9db7-2d70a9a3a4ca Project Professional 2021
6dd72704-f752-4b71-94c7-11cec6bfc355 Project Standard 2021
aa66521f-2370-4ad8-a2bb-c095e3e4338f Office Publisher LTSC 2021
1f32a9af-1274-48bd-ba1e-1ab7508a23e8 Skype for Business LTSC 2021
080a45c5-9f9f-49eb-b4b0-c3c610a5ebd3 Office LTSC Standard 2021
fb61ac9a-1688-45d2-8f6b-0674dbffa33c Visio LTSC Professional 2021
72fce797-1884-48dd-a860-b2f6a5efd3ca Visio LTSC Standard 2021
abe28aea-625a-43b1-8e30-225eb8fbd9e5 Office Word LTSC 2021
8d368fc1-9470-4be2-8d66-90e836cbb051 Office LTSC Professional Plus 2024
bbac904f-6a7e-418a-bb4b-24c85da06187 Office LTSC Standard 2024
f510af75-8ab7-4426-a236-1bfb95c34ff8 Project Professional 2024
9f144f27-2ac5-40b9-899d-898c2b8b4f81 Project Standard 2024
fa187091-8246-47b1-964f-80a0b1e5d69a Visio LTSC Professional 2024
923fa470-aa71-4b8b-b35c-36b79bf9f44b Visio LTSC Standard 2024
72e9faa7-ead1-4f3d-9f6e-3abc090a81d7 Office Access LTSC 2024
cbbba2c3-0ff5-4558-846a-043ef9d78559 Office Excel LTSC 2024
bef3152a-8a04-40f2-a065-340c3f23516d Office Outlook LTSC 2024
`
    .trim()
    .split('\n')
    .map((row): [string, string] => [row.slice(0, 36), row.slice(37)]),
)
