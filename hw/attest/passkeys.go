package attest

import "hwmfa/hw"

// passkeyProviders are authenticators that are no key to put in a safe, by
// AAGUID: password managers, whose passkeys are copied between devices, and
// the authenticators of platforms and phones. A name here refuses; a provider
// that is missing is refused all the same unless its attestation reaches an
// anchor.
var passkeyProviders = map[string]string{
	// Source: https://github.com/passkeydeveloper/passkey-authenticator-aaguids
	// (aaguid.json), which the providers fill in themselves.
	"bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
	"a11a5faa-9f32-4b8c-8c5d-2f7d13e8c942": "AliasVault",
	"b93fd961-f2e6-462f-b122-82002247de78": "Android Authenticator",
	"d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
	"adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
	"b5397666-4885-aa6b-cebf-e52262a439a2": "Chromium Browser",
	"531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
	"de503f9c-21a4-4f76-b4b7-558eb55c6f89": "Devolutions",
	"771b48fd-d3d4-4f74-9232-fc157ab0507a": "Edge on Mac",
	"f3809540-7f14-49c1-a8b3-8f813b225541": "Enpass",
	"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
	"d49b2120-b865-4191-8cea-be84a52b0485": "Heimlane Vault",
	"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain (Apple Passwords)",
	"dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain (Managed)",
	"6d212b28-a2c1-4638-b375-5932070f62e9": "initial",
	"bfc748bb-3429-4faa-b9f9-7cfa9f3b76d0": "iPasswords",
	"a10c6dd9-465e-4226-8198-c7c44b91c555": "Kaspersky Password Manager",
	"eaecdef2-1c31-5634-8639-f1cbd9c00a08": "KeePassDX",
	"fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
	"0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6": "Keeper",
	"b78a0a55-6ef8-d246-a042-ba0f6d55050c": "LastPass",
	"22248c4c-7a12-46e2-9a41-44291b373a4d": "LogMeOnce",
	"d3452668-01fd-4c12-926c-83a4204853aa": "Microsoft Password Manager",
	"b84e4048-15dc-4dd0-8640-f4f60813c8af": "NordPass",
	"50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
	"d350af52-0351-4ba2-acd3-dfeeadc3f764": "pwSafe",
	"53414d53-554e-4700-0000-000000000000": "Samsung Pass",
	"891494da-2c90-4d31-a9cd-4eab0aed1309": "Sésame",
	"cc45f64e-52a2-451b-831a-4edd8022a202": "ToothPic Passkey Provider",
	"08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
	"9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
	"6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
	"b35a26b2-8f6e-4697-ab1d-d44db4da28c6": "Zoho Vault",

	// Source: FIDO Metadata Service (https://mds3.fidoalliance.org/), models
	// that are programs for a phone or computer, by their description.
	"5ca1ab1e-fa57-1337-f1d0-a117371ca702": "Allthenticator for Android",
	"5ca1ab1e-1337-fa57-f1d0-a117e71ca702": "Allthenticator for iOS",
	"1105e4ed-af1d-02ff-ffff-ffffffffffff": "Egomet for Android",
	"820d89ed-d65a-409e-85cb-f73f0578f82a": "IDmelon iOS Authenticator",
	"59f85fe7-faa5-4c92-9f52-697b9d4d5473": "RSA Authenticator 4 for Android",
	"8681a073-5f50-4d52-bce4-e21658d207b3": "RSA Authenticator 4 for iOS",
	"8836336a-f590-0921-301d-46427531eee6": "Thales Bio Android SDK",
	"66a0ccb3-bd6a-191f-ee06-e375c50b9846": "Thales Bio iOS SDK",
	"cd69adb5-3c7a-deb9-3177-6800ea6cb72a": "Thales PIN Android SDK",
	"17290f1e-c212-34d0-1423-365d729f09d9": "Thales PIN iOS SDK",
	"95e4d58c-056e-4a65-866d-f5a69659e880": "TruU Windows Authenticator",
	"ba86dc56-635f-4141-aef6-00227b1b9af6": "TruU Windows Authenticator",
	"5ea308b2-7ac7-48b9-ac09-7e2da9015f8c": "Veridium Android SDK",
	"6e8d1eae-8d40-4c25-bcf8-4633959afc71": "Veridium iOS SDK",
	"8d4378b0-725d-4432-b3c2-01fcdaf46286": "VeridiumID Passkey Android SDK",
	"1e906e14-77af-46bc-ae9f-fe6ef18257e4": "VeridiumID Passkey iOS SDK",
	"f56f58b3-d711-4afc-ba7d-6ac05f88cb19": "WinMagic FIDO Eazy - Phone",
	"31c3f7ff-bf15-4327-83ec-9336abcbcd34": "WinMagic FIDO Eazy - Software",
	"970c8d9c-19d2-46af-aa32-3f448db49e35": "WinMagic FIDO Eazy - TPM",
}

// passkeyProvider is the name of the passkey provider or platform that uses
// the AAGUID, "" for all others.
func passkeyProvider(id hw.AAGUID) string { return passkeyProviders[id.String()] }
