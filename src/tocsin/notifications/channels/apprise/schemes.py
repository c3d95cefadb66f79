"""The services of Apprise that may be used: those on the network. Pure.

A list of those that are allowed, because a new version of Apprise can bring others. It is that of Apprise 2.3.
"""

_DESKTOP, _FILES = "shows on the desktop of this machine", "uses files or programs of this machine"
_LOCAL = {
    "syslog": "writes to the log of this machine",
    "blink1": "uses a device of this machine",
    **dict.fromkeys(("dbus", "kde", "qt", "gnome", "gio", "glib", "growl", "macosx", "windows"), _DESKTOP),
    **dict.fromkeys(("vapid", "deltachat", "deltachats", "file", "exec", "script"), _FILES),
}
"""Services of the machine itself, by scheme, and what they do there."""
_WEB = frozenset({"http", "https"})
_NETWORK = """
46elks acs amqp amqps apprise apprises aprs atalk awswhatsapp azure bale bark barks betterstack bluesky brevo bsky
bulksms bulkvs burstsms chanify clickatell clicksend cliq cm d7sms dapnet dingtalk discord dot eight00com elks emby
embys enigma2 enigma2s evolution evolutions exotel fcm feishu firehydrant flock flowtriq flowtriqs fluxer fluxers form
forms freemobile gchat github goalert goalerts gorush gorushs gotify gotifys groundmail groupme guilded gupshup hassio
hassios httpsms humhub humhubs ifttt ilert incidentio infobip instagram irc ircs jellyfin jellyfins jira join json
jsons kakao kakaotalk kaleyra kavenegar klr kodi kodis kook kudosity kumulos lametric lametrics lark lauther lfg line
mailersend mailgun mailto mailtos mastodon mastodons matrix matrixs misskey misskeys mmost mmosts mobilemessage
mobilemsg mqtt mqtts msg91 msgbird ncloud nclouds nctalk nctalks nexmo nostr notica noticas notifiarr notifico
notificos notifyapp notifyre ntfy ntfys o365 octopush onebot onebots onesignal opsgenie opsimate opsimates pagerduty
pagertree parsep parseps pbul pinglet pinglets pingram pjet pjets plivo postmark pover prowl psafer psafers push
pushdeer pushdeers pushed pushme pushplus pushward pushy qq reddit resend revolt ringc rocket rockets rsyslog ryver
schan sendgrid sendpulse serwersms ses session sessions seven sfr signal signalgrid signals signl4 simplepush sinch
slack smpp smpps smsc smseagle smseagles smsmanager smsmgr smstunnel smtp2go sns sogs sparkpost spike splunk spugpush
spush squadcast stackfield strmlabs synology synologys telesign telnyx tgram threema toot toots trigv trigvs tweet
twilio twist twitter viber victorops voipms vonage webex wechat wecom wecombot whapi whatsapp workflow workflows wpush
wxpusher wxteams x xbmc xbmcs xmatters xml xmls xmpp xmpps youlmk zalo zcliq zohocliq zoom zulip
"""
SCHEMES = frozenset(_NETWORK.split())
"""The schemes of the services that may be used."""


def find_scheme_fault(scheme: str) -> str | None:
    """Return why a service cannot be used, by the scheme of its URL in small letters; None if it can."""
    if scheme in SCHEMES:
        return None
    if scheme in _LOCAL:
        return f"{scheme}:// cannot be used here: it {_LOCAL[scheme]}."
    if scheme in _WEB:
        return "Give the URL as Apprise writes it: discord://… for Discord, jsons://… for a server of your own."
    return f"{scheme}:// is not one of the services of Apprise that can be used here."
