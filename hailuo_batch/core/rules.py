"""Every rule that a manifest, a settings file or a project can break: its id, its words, and what to do about it.

`docs/problems.md` is written from this table, and a problem takes its id and summary only from here. A published id
never changes its meaning. The checks themselves are elsewhere.
"""

from hailuo_batch.core.pages import page
from hailuo_batch.core.problem import Rule, RuleArea, Severity

_YAML, _VALUES, _TEXTS, _SHOTS = RuleArea.YAML, RuleArea.VALUES, RuleArea.TEXTS, RuleArea.SHOTS
_FRAMES, _INCLUDES = RuleArea.FRAMES, RuleArea.INCLUDES
_PROVIDERS, _PROJECT = RuleArea.PROVIDERS, RuleArea.PROJECT
_WARNING = Severity.WARNING

# fmt: off
YAML_SYNTAX = Rule(id="yaml-syntax", area=_YAML, summary="not readable as YAML",
    meaning="The file breaks the grammar of YAML at this place.",
    remedy="Follow the advice; quotes around a text that holds signs often help.")
YAML_TAB = Rule(id="yaml-tab", area=_YAML, summary="tab where spaces belong",
    meaning="A line is indented by a tab, and YAML allows only spaces.",
    remedy="Write spaces; most editors can turn all tabs of a file into spaces.")
YAML_KEY = Rule(id="yaml-key", area=_YAML, summary="key is not text",
    meaning="The key before a colon is not text, or it is missing.",
    remedy="Write a name before the colon, or put it in quotes.")
YAML_DUPLICATE_KEY = Rule(id="yaml-duplicate-key", area=_YAML, summary="key written twice",
    meaning="A mapping has the same key twice, and only one of them would be used.",
    remedy="Delete one of the two.")
YAML_NUMBER = Rule(id="yaml-number", area=_YAML, summary="not a number",
    meaning="YAML readers differ about this number, or it is too large to be stored.",
    remedy="Write a plain number, or put it in quotes if it is text.")
YAML_TAG = Rule(id="yaml-tag", area=_YAML, summary="tag not known",
    meaning="A value begins with `!`, which YAML reads as a tag, and the tag is unknown or does not fit.",
    remedy="Delete the tag, or put quotes around the whole value.")
YAML_ALIAS = Rule(id="yaml-alias", area=_YAML, summary="anchor not known",
    meaning="An alias (`*`), an anchor (`&`) or a merge (`<<`) does not lead to a value that can be used.",
    remedy="Mark the value it means with `&`, or put quotes around the text.")
YAML_DEPTH = Rule(id="yaml-depth", area=_YAML, summary="nested too deep",
    meaning="Lists and mappings are nested too deep.",
    remedy="Nest less, or put quotes around a text that begins with brackets.")
YAML_DOCUMENTS = Rule(id="yaml-documents", area=_YAML, summary="more than one document",
    meaning="Three dashes begin a second document, and a file holds one.",
    remedy="Delete the line, or move what follows into a file of its own.")
YAML_EMPTY = Rule(id="yaml-empty", area=_YAML, summary="nothing in the file",
    meaning="The file is empty or has only comments.",
    remedy="Write at least one line with a key and a value.")
YAML_MERGE = Rule(id="yaml-merge", area=_YAML, summary="unresolved merge",
    meaning="Git has put both sides of a merge into the file.",
    remedy="Keep the side that is meant, and delete the lines with `<<<<<<<`, `=======` and `>>>>>>>`.")
YAML_SIZE = Rule(id="yaml-size", area=_YAML, summary="file too large",
    meaning="The file is larger than the program accepts.",
    remedy="Split it into several files.")
YAML_ENCODING = Rule(id="yaml-encoding", area=_YAML, summary="not a UTF-8 file",
    meaning="The bytes of the file are not UTF-8 text.",
    remedy="Save it as UTF-8; most editors offer that under Save As.")
YAML_CONTROL = Rule(id="yaml-control", area=_YAML, summary="control character",
    meaning="The file holds a character that cannot be seen and that YAML does not allow or readers differ about.",
    remedy="Delete it; retyping the line helps where it cannot be found.")
YAML_COMMENT = Rule(id="yaml-comment", area=_YAML, summary="text cut off at #",
    meaning="A text without quotes has a blank and `#` in it, and YAML takes what follows for a comment.",
    remedy="Put quotes around the whole text, or write a blank behind the `#` of a comment.", severity=_WARNING)
YAML_MORE = Rule(id="yaml-more", area=_YAML, summary="more problems than are shown",
    meaning="The reader of YAML found more problems in the file than it shows.",
    remedy="Fix those that are shown, and validate again.")

KEY_UNKNOWN = Rule(id="key-unknown", area=_VALUES, summary="unknown key",
    meaning="A key has no meaning at this place, often because of a typing mistake.",
    remedy="Write one of the known keys, or delete it.")
KEY_MISSING = Rule(id="key-missing", area=_VALUES, summary="missing key",
    meaning="A required key is missing at this place.",
    remedy=f"Add the key; {page('manifest')} has an example of each.")
TYPE = Rule(id="type", area=_VALUES, summary="wrong kind of value",
    meaning="A value has another kind than its key needs, such as a list instead of text.",
    remedy="Write a value of the kind that is named.")
CHOICE = Rule(id="choice", area=_VALUES, summary="not one of the choices",
    meaning="A key takes one of a few words, and this is none of them.",
    remedy="Write one of the words that are listed.")
VERSION = Rule(id="version", area=_VALUES, summary="version not known",
    meaning="The file is of a version that this program does not read.",
    remedy="Write `version: 1`, or install a newer hailuo-batch.")
FORM = Rule(id="form", area=_VALUES, summary="wrong form",
    meaning="A value is of the right kind, but not of the form that its key needs.",
    remedy="Write it as the advice or the example shows.")
NAME = Rule(id="name", area=_VALUES, summary="name not usable",
    meaning="A name of your own has letters that names may not have, or is reserved.",
    remedy="Choose a name of letters, digits and dashes that is not reserved.")
RANGE = Rule(id="range", area=_VALUES, summary="out of range",
    meaning="A number is smaller or larger than its key allows.",
    remedy="Write a number between the bounds that are named.")
EMPTY = Rule(id="empty", area=_VALUES, summary="empty value",
    meaning="A key has an empty value.",
    remedy="Write a value, or delete the key.")
LONG = Rule(id="long", area=_VALUES, summary="too long",
    meaning="A text has more characters than its key allows.",
    remedy="Make it shorter.")
TWICE = Rule(id="twice", area=_VALUES, summary="named twice",
    meaning="A list has the same entry twice.",
    remedy="Delete one of them.")
SECRET = Rule(id="secret", area=_VALUES, summary="secret in file",
    meaning="The file holds what looks like an API key, and such files are kept in git.",
    remedy="Delete it, set it in the environment, and renew the key if it was ever committed.")
MORE = Rule(id="more", area=_VALUES, summary="more problems",
    meaning="There are more problems than are shown at once.",
    remedy="Fix those that are shown, and validate again.")
LOCK_FILE = Rule(id="lock-file", area=_VALUES, summary="this is a lock file",
    meaning="The file that was named is a lock file, where a manifest is needed.",
    remedy="Name the manifest beside it.")
REVIEW_FILE = Rule(id="review-file", area=_VALUES, summary="this is a review file",
    meaning="The file that was named is a review, where a manifest is needed.",
    remedy="Name the manifest beside it.")
TASKS_FILE = Rule(id="tasks-file", area=_VALUES, summary="this is a tasks file",
    meaning="The file that was named has accepted tasks, where a manifest is needed.",
    remedy="Name the manifest beside it.")
PLAN_FILE = Rule(id="plan-file", area=_VALUES, summary="this is a saved plan",
    meaning="The file that was named is a saved plan, where a manifest is needed.",
    remedy="Carry it out with `run --plan`, or name a manifest.")
TABLE_FILE = Rule(id="table-file", area=_VALUES, summary="this is a table",
    meaning="The file that was named is a table of shots, where a manifest is needed.",
    remedy="Make a manifest from it with `import`, or name one.")
SETTINGS_FILE = Rule(id="settings-file", area=_VALUES, summary="these are settings",
    meaning="The file that was named has the settings of the project, where a manifest is needed.",
    remedy="Name a manifest.")

NAME_SYNTAX = Rule(id="name-syntax", area=_TEXTS, summary="name not closed",
    meaning="A text has `${` without the brace that closes it.",
    remedy="Close it, or write `$$` for a dollar sign.")
NAME_UNKNOWN = Rule(id="name-unknown", area=_TEXTS, summary="unknown name",
    meaning="A text uses a `${name}` that is neither under vars nor in the matrix.",
    remedy="Add the name under vars, or write `$$` for a dollar sign.")
NAME_CYCLE = Rule(id="name-cycle", area=_TEXTS, summary="variable uses itself",
    meaning="A variable cannot be filled in, because its value leads back to itself.",
    remedy="Remove one of these names from its value.")
VARIABLE_UNSET = Rule(id="variable-unset", area=_TEXTS, summary="variable not set",
    meaning="A variable takes its value from the environment, which has no text under that name.",
    remedy="Set it in the environment, or write a default.")
VARIABLE_SECRET = Rule(id="variable-secret", area=_TEXTS, summary="variable holds a secret",
    meaning="A variable would put a key or another secret into prompts, which are sent to providers.",
    remedy="Use a variable of the environment that holds no secret.")
TEXT_LONG = Rule(id="text-long", area=_TEXTS, summary="text too long",
    meaning="Texts grow too long once their names are filled in.",
    remedy="Use fewer or shorter names, or split the manifest.")
STYLE_UNKNOWN = Rule(id="style-unknown", area=_TEXTS, summary="unknown style",
    meaning="A shot, a sequence or the defaults name a style or variant that is not under styles.",
    remedy="Add the style under styles, or delete its name.")
PROMPT_EMPTY = Rule(id="prompt-empty", area=_TEXTS, summary="prompt needed",
    meaning="A shot has no prompt, and its provider renders such a shot only with one.",
    remedy="Describe what the clip shows.")
PROMPT_LENGTH = Rule(id="prompt-length", area=_TEXTS, summary="prompt too long",
    meaning="A prompt has more characters than the model or a provider reads.",
    remedy="Make it shorter; a style's words and camera commands count too.")
CAMERA_UNKNOWN = Rule(id="camera-unknown", area=_TEXTS, summary="no camera command", severity=_WARNING,
    meaning="A text in square brackets is not a camera command, and is sent as plain text.",
    remedy="Write one of the camera commands, or leave it if the words are meant.")
CAMERA_OTHER = Rule(id="camera-other", area=_TEXTS, summary="another camera move", severity=_WARNING,
    meaning="A gateway reads the words in a bracket as a camera command of its own.",
    remedy="Write MiniMax's command for the move that is meant; every gateway is sent it.")
CAMERA_CROWDED = Rule(id="camera-crowded", area=_TEXTS, summary="many camera moves at once", severity=_WARNING,
    meaning="A bracket asks for more camera moves at once than the vendor advises.",
    remedy="Ask for three at most, or put the others into a bracket that follows.")
CAMERA_CONTRADICTION = Rule(id="camera-contradiction", area=_TEXTS, summary="camera moves undo each other",
    severity=_WARNING,
    meaning="A bracket asks for moves that exclude each other, such as a pan to the left and to the right.",
    remedy="Write one of them, or put them into brackets that follow one another.")
PROMPT_TWICE = Rule(id="prompt-twice", area=_TEXTS, summary="same request twice", severity=_WARNING,
    meaning="Several shots ask for the same clip, so it is bought once and each of them has it.",
    remedy="Change the prompts that are to differ; `takes` makes several clips of one prompt.")
PROMPT_FORBIDDEN = Rule(id="prompt-forbidden", area=_TEXTS, summary="word that you forbid", severity=_WARNING,
    meaning="A prompt as it is sent has a word that is under `lint.forbidden` in hailuo.yaml.",
    remedy="Use other words, also in styles and variables, or take the word off the list.")

SHOT_ID = Rule(id="shot-id", area=_SHOTS, summary="shot id not usable",
    meaning="The id of a shot becomes part of a file name, and cannot be used there.",
    remedy="Use letters, digits, dot, dash and underscore, 64 at most.")
SHOT_TWICE = Rule(id="shot-twice", area=_SHOTS, summary="duplicate shot id",
    meaning="Two shots have the same id, or ids that differ only in case.",
    remedy="Rename one of them; a matrix needs each of its names in the id.")
SEQUENCE_UNKNOWN = Rule(id="sequence-unknown", area=_SHOTS, summary="unknown sequence",
    meaning="A shot is in a sequence that is not under sequences.",
    remedy="Add the sequence under sequences, or correct its id.")
SEQUENCE_TWICE = Rule(id="sequence-twice", area=_SHOTS, summary="duplicate sequence id",
    meaning="Two sequences have the same id.",
    remedy="Rename one of them.")
SEQUENCE_EMPTY = Rule(id="sequence-empty", area=_SHOTS, summary="sequence without shots", severity=_WARNING,
    meaning="No shot of the manifest is in this sequence.",
    remedy="Write its id at its shots, or delete it.")
CELL = Rule(id="cell", area=_SHOTS, summary="cell not usable",
    meaning="What is written about cells does not fit the matrix: a name or word is unknown, missing or there twice.",
    remedy="Use the names of the matrix and their words.")
CELL_UNUSED = Rule(id="cell-unused", area=_SHOTS, summary="no such cell", severity=_WARNING,
    meaning="An entry of exclude or overrides fits no cell of the matrix, so it does nothing.",
    remedy="Delete it, or change its values.")
SHOTS_MANY = Rule(id="shots-many", area=_SHOTS, summary="too many shots",
    meaning="The matrices make more shots than one manifest may have.",
    remedy="Split it into several manifests.")
SHOT_LENGTH = Rule(id="shot-length", area=_SHOTS, summary="length not offered",
    meaning="No provider of the manifest renders clips of this length.",
    remedy="Write a length that is offered, or short or long, or name another provider.")
CUT_LENGTH = Rule(id="cut-length", area=_SHOTS, summary="cut does not fit",
    meaning="The edit of a shot ends before it begins, or no clip that is bought for it is long enough.",
    remedy="Write a shorter cut or a longer duration, or split the shot.")
NOT_SOLD = Rule(id="not-sold", area=_SHOTS, summary="combination not offered",
    meaning="No provider of the manifest renders these frames, this resolution and this length together.",
    remedy="Change the shot, or add a provider that renders it.")
MODEL_NOT_SOLD = Rule(id="model-not-sold", area=_SHOTS, summary="model not offered",
    meaning="No provider of the manifest has the model.",
    remedy="Add a provider that sells the model, or choose another model.")
MODEL_MODE = Rule(id="model-mode", area=_SHOTS, summary="not made by this model",
    meaning="The model renders no clips from these frames, at any provider.",
    remedy="Give the shot the frames that the model needs, or choose another model.")
MODEL_LIMIT = Rule(id="model-limit", area=_SHOTS, summary="more than the model makes", severity=_WARNING,
    meaning="A provider lists a size or length that the model itself does not make, by its vendor's own pages.",
    remedy="Choose a size and length that the model makes, or buy one clip first.")
SWITCH = Rule(id="switch", area=_SHOTS, summary="switch not passed on", severity=_WARNING,
    meaning="The model lacks it, so it is not sent; or a provider does, so another renders the shot.",
    remedy="Delete the switch, or choose a provider or a model that has it.")
SWITCH_NOT_OFFERED = Rule(id="switch-not-offered", area=_SHOTS, summary="switch not offered",
    meaning="No provider of the manifest that renders the shot has this switch.",
    remedy="Delete the switch, or add a provider that has it.")
MODEL_RETIRED = Rule(id="model-retired", area=_SHOTS, summary="retired model", severity=_WARNING,
    meaning="The vendor no longer sells the model.",
    remedy="Choose another model.")

FRAME_FILE = Rule(id="frame-file", area=_FRAMES, summary="picture not usable",
    meaning="The file of a frame is missing, not readable, outside the project, or no image that gateways take.",
    remedy="Check the path and the file; the summary says which of these it is.")
FRAME_NAME = Rule(id="frame-name", area=_FRAMES, summary="misleading file name", severity=_WARNING,
    meaning="The name of an image has the ending of another format.",
    remedy="It works as it is. The right ending avoids mistakes.")
FRAME_ANIMATED = Rule(id="frame-animated", area=_FRAMES, summary="animated image", severity=_WARNING,
    meaning="The image is an animation (WebP or PNG), and gateways see only its first frame.",
    remedy="Save the frame that is meant as an image of its own.")
FRAME_CMYK = Rule(id="frame-cmyk", area=_FRAMES, summary="colours of print", severity=_WARNING,
    meaning="The image is in CMYK. A clip is in RGB, and each gateway converts colours in its own way.",
    remedy="Export it in RGB, and check its colours there.")
FRAME_METADATA = Rule(id="frame-metadata", area=_FRAMES, summary="image reveals place or owner", severity=_WARNING,
    meaning="The metadata of the image (EXIF, XMP, IPTC) has a GPS position or a name, and is sent with it.",
    remedy="Write `strip_metadata: true` in hailuo.yaml, so that images are sent without metadata.")
FRAME_SHAPES = Rule(id="frame-shapes", area=_FRAMES, summary="frames differ in shape", severity=_WARNING,
    meaning="The last frame has another shape than the first, and is cropped to it.",
    remedy="Give both the same shape, or check that the crop loses nothing.")
FRAME_ADDRESS = Rule(id="frame-address", area=_FRAMES, summary="address not usable",
    meaning="The web address of a frame does not begin with `https://`.",
    remedy="Write an https address, or name a file.")
FRAME_PINNED = Rule(id="frame-pinned", area=_FRAMES, summary="other picture than the pinned one",
    meaning="The bytes behind a web address are not those that its sha256 names.",
    remedy="Check the image; then change the sha256, or name a file of the project.")
FRAME_WEB = Rule(id="frame-web", area=_FRAMES, summary="web picture not fetched", severity=_WARNING,
    meaning="A web address gave no image that gateways take; a shot without an earlier image is held.",
    remedy="Check the address, pin it with sha256, or name a file of the project.")
FRAME_NOT_HOSTED = Rule(id="frame-not-hosted", area=_FRAMES, summary="picture without address",
    meaning="The provider takes images by web address only, and a frame has none.",
    remedy="Name the frame by url with its sha256, or add a provider that takes files.")
FRAME_NOT_LOCAL = Rule(id="frame-not-local", area=_FRAMES, summary="picture not on this machine",
    meaning="The provider takes files only, and a frame is a pinned web address.",
    remedy="Leave out the sha256, or save the image in the project and name the file.")
FRAMES_LAST_ONLY = Rule(id="frames-last-only", area=_FRAMES, summary="first frame missing",
    meaning="A shot has a last frame and no first frame, which no provider renders.",
    remedy="Add frames.first.")
FRAME_SHOT = Rule(id="frame-shot", area=_FRAMES, summary="unknown shot",
    meaning="A frame is taken from a shot that is not in the manifest.",
    remedy="Write the id of a shot of this manifest.")
FRAME_OMITTED = Rule(id="frame-omitted", area=_FRAMES, summary="starts from an omitted shot",
    meaning="A frame is taken from a shot that the review leaves out, so nothing renders it.",
    remedy="Omit this shot too, take the omission back, or give the shot another frame.")
FRAME_CYCLE = Rule(id="frame-cycle", area=_FRAMES, summary="cyclic frame references",
    meaning="Shots take their frames from each other, so none can be rendered first.",
    remedy="Give one of them another frame.")
FRAME_DIFFERS = Rule(id="frame-differs", area=_FRAMES, summary="shots do not meet in one still", severity=_WARNING,
    meaning="A shot starts from another version of the image on which the shot before it ends.",
    remedy="Name one file in both, or give the two files names of their own.")
RIGHTS_EXPIRED = Rule(id="rights-expired", area=_FRAMES, summary="rights expired", severity=_WARNING,
    meaning="The last day on which an image may be used is over.",
    remedy="Renew the rights and write the new day, or use another image.")
RIGHTS_MISSING = Rule(id="rights-missing", area=_FRAMES, summary="rights missing", severity=_WARNING,
    meaning="Some images of the manifest have rights, and others have none.",
    remedy="Write the rights of the others too.")
RIGHTS_DIFFER = Rule(id="rights-differ", area=_FRAMES, summary="two rights of one image", severity=_WARNING,
    meaning="One image has other rights at one shot than at another.",
    remedy="Write the same rights in both places.")

PROVIDER = Rule(id="provider", area=_PROVIDERS, summary="unknown provider",
    meaning="No table of a gateway has this name.",
    remedy="Write a name that `hailuo-batch providers` lists, or add a gateway to hailuo.yaml.")
PROVIDER_TABLE = Rule(id="provider-table", area=_PROVIDERS, summary="no provider table",
    meaning="The value under the name of a gateway in hailuo.yaml is not a mapping.",
    remedy=f"Write its keys below the name, as {page('gateways')} shows.")
REGION = Rule(id="region", area=_PROVIDERS, summary="region not usable",
    meaning="A gateway has no such region, or the address in its place cannot be used.",
    remedy="Write a region that the table names, or a whole address with `https://`.")
ADDRESS_OPEN = Rule(id="address-open", area=_PROVIDERS, summary="address not safe",
    meaning="The key of a gateway would be sent unencrypted over http.",
    remedy="Write `https://`; plain http is allowed for this machine only.")
TABLE_OLD = Rule(id="table-old", area=_PROVIDERS, summary="price or model read long ago", severity=_WARNING,
    meaning="A price is older than 180 days, or the row of a model older than 365, and may have changed.",
    remedy="Check it at the gateway, or install a newer hailuo-batch.")

INCLUDE_FILE = Rule(id="include-file", area=_INCLUDES, summary="included file not usable",
    meaning="A file under include is missing, not readable, outside the project, or too much together with the others.",
    remedy="Write the path of a file of the project, from the folder of the file that includes it.")
INCLUDE_CYCLE = Rule(id="include-cycle", area=_INCLUDES, summary="file includes itself",
    meaning="Files include each other in a ring, so none can be read first.",
    remedy="Delete one of these includes.")
INCLUDE_CONFLICT = Rule(id="include-conflict", area=_INCLUDES, summary="two included files differ",
    meaning="Two included files give one name different values, and neither comes before the other.",
    remedy="Rename one of them, or write the name in the file that includes both.")
INCLUDE_KEY = Rule(id="include-key", area=_INCLUDES, summary="key of a manifest only",
    meaning="An included file has a key that only the manifest may have, such as campaign or budget.",
    remedy="Move the key to the manifest.")
INCLUDED_FILE = Rule(id="included-file", area=_INCLUDES, summary="this is an included file",
    meaning="The file that was named has no campaign: manifests include it, and it is never planned by itself.",
    remedy="Name a manifest that includes it, or write version and campaign at its top.")

FOLDER = Rule(id="folder", area=_PROJECT, summary="folder not usable",
    meaning="A folder that the settings name cannot be found under that name.",
    remedy="Write the path of a folder.")
EXPORT_NAME = Rule(id="export-name", area=_PROJECT, summary="template of file names not usable",
    meaning="The setting `names` has an unknown field, a sign that no file name may have, or no shot.",
    remedy="Write fields such as {shot} and {take:02d}, and between them letters, digits, dots, dashes and _.")
UNTRUSTED = Rule(id="untrusted", area=_PROJECT, summary="setting does not count", severity=_WARNING,
    meaning="A setting can send a key somewhere or widen a limit, and nobody trusted it on this machine.",
    remedy="Read hailuo.yaml, then run `hailuo-batch trust`.")
SHOT_SHARED = Rule(id="shot-shared", area=_PROJECT, summary="two manifests have this shot",
    meaning="Two manifests of one campaign have a shot with the same id, so two clips would have one name.",
    remedy="Give one of the two manifests another campaign, or the shot another id.")
REVIEW_SHOT = Rule(id="review-shot", area=_PROJECT, summary="unknown shot in review", severity=_WARNING,
    meaning="The review has decisions about a shot that the manifest does not have; they are kept and not used.",
    remedy="If the shot was renamed, rename it in the review too.")
TASK_WITHOUT_SHOT = Rule(id="task-without-shot", area=_PROJECT, summary="a paid task has no shot", severity=_WARNING,
    meaning="The tasks file beside the manifest has tasks whose requests no shot has now.",
    remedy="Restore the request and run it. If nobody needs the clip, delete the task's line.")
LEDGER_GONE = Rule(id="ledger-gone", area=_PROJECT, summary="the ledger is gone", severity=_WARNING,
    meaning="The clips here were bought under a ledger that is missing.",
    remedy=f"Put the ledger back; {page('money')} says when `run --new-ledger` is safe.")
UNKNOWN_CLIPS = Rule(id="unknown-clips", area=_PROJECT, summary="the ledger does not know all clips", severity=_WARNING,
    meaning="Clips are in the store or in renders/ that no attempt of the ledger has.",
    remedy="Look where they were bought; a run of their manifest takes named clips in, without buying.")
STORE_AWAY = Rule(id="store-away", area=_PROJECT, summary="the shared store is out of reach", severity=_WARNING,
    meaning="The shared store did not answer, so its clips are counted as they were last known.",
    remedy="Check the network and the keys in the environment. What is kept meanwhile is owed: `push` sends it.")
LEDGER_OLDER = Rule(id="ledger-older", area=_PROJECT, summary="the ledger is an older copy", severity=_WARNING,
    meaning="An earlier copy took the ledger's place: the journal of this machine has purchases that it lacks.",
    remedy="Take them over with `ledger repair`.")
LEDGER_COPY = Rule(id="ledger-copy", area=_PROJECT, summary="the ledger is a copy", severity=_WARNING,
    meaning="The project was copied, and the original is still in its place: both would buy the same takes.",
    remedy="Work where the original is, or make the copy a ledger of its own with `ledger fork`.")
LEDGER_CHANGED = Rule(id="ledger-changed", area=_PROJECT, summary="the shared ledger may have lost purchases",
    severity=_WARNING,
    meaning="Another server took over the shared ledger, or an older copy of it was restored.",
    remedy="Compare it with your accounts at the gateways, then run `ledger settle`.")
REHEARSED_CLIPS = Rule(id="rehearsed-clips", area=_PROJECT, summary="renders/ has rehearsed clips", severity=_WARNING,
    meaning="Clips of a rehearsal were copied among the real ones. They were never paid for, and stand for no take.",
    remedy="Move them and their .json out of renders/.")
OUTSIDE_PLAN = Rule(id="outside-plan", area=_PROJECT, summary="takes that the saved plan does not have",
    severity=_WARNING, remedy="Save a new plan with `plan -o`, or run without a plan.",
    meaning="Takes were added, or changed, after the plan was saved. A run of the plan does not buy them.")
# fmt: on

RULES = tuple(each for each in globals().values() if isinstance(each, Rule))
# What a project may ignore: rules that only warn, and not of money, trust or decisions.
IGNORABLE_RULES = tuple(each for each in RULES if each.severity is Severity.WARNING and each.area is not _PROJECT)
