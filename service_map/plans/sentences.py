"""Sentences and clauses of a passage, and the verbs that may stand behind a noun as its act."""

from collections.abc import Iterator

MAX_SENTENCE = 1000
"""A run of text without a full stop is cut here, so that no clause grows without bound: plans write up to 600."""

ACTS = (
    # Atomic: 开工建设 is one act or two, and a run of such acts would be tried in every way that it can be cut.
    "(?>(?:同步|滚动|有序|陆续|分批)(?:推进|实施)|(?:补位|补点|提速|攻坚|统一|集中)建设|"
    "(?:择址|另址|异地|易地|原址|易址|迁址|选址|移址|合址|同址|就地|就近|原地|异址|拆旧)(?:新建|另建|迁建|重建|改建|扩建|搬迁|建设)|"
    "投入使用|投入运营|投入运行|建成使用|建成投用|建成运营|建成招生|建成开学|建成投运|挂牌运营|正式运营|招生开学|交付使用|"
    "(?:主体|主体工程)?(?:封顶|竣工|完工)|(?:全面|破土|正式|进场)(?:开工|动工|施工)|(?:启动|开展|加快)前期(?:工作)?|奠基|[东西南北]扩|提标(?!扩能|改造|升级)|"
    "(?:做到)?应[建配设]尽[建配设]|合建|提标扩能|提标改造|开工建设|收尾|交付|投运|贯通|布设|布点|挂牌|翻新|新添|新铺|扩园|扩班|扩面|"
    "继续建设|结转续建|不再(?:建设|新建|实施)|停建|取消|停止建设|取消建设|缓建|暂[停缓]建设|终止建设|改（扩、翻）建|改扩建|建成|新建|改建|扩建|迁建|重建|翻建|筹建|配建|续建|复建|另建|迁址|建设|修建|改造|提升|提质|升级|提档|修缮|修复|"
    "维修|整修|翻修|加固|搬迁|易址|更新|整治|保护|传承|利用|改线|布局|达标|扩容|增容|优化|"
    "(?:正在|抓紧|加紧)(?:建设|施工)|(?:异地|合址|共址|就近)?联建|"
    "(?:列入|纳入)[\u4e00-\u9fff]{0,6}?(?:重点项目|项目库|建设项目|建设计划|新建计划|改造计划|实施计划|重点工程)|"
    "建成通航|建成通车|通航|通车|"
    "(?:完善|改善|优化)[\u4e00-\u9fff]{1,8}?(?:条件|设施|环境|功能)|"
    "新设|新辟|开建|增设|增建|落地|开工|动工|复工|施工|竣工|完工|落成|落地|投用|投入使用|建成使用|启用|开园|开馆|开业|开办|开诊|封顶)"
)
"""Verbs that stand behind a noun as its act: 敬老院改造提升, 公墓建设."""
BUILDS = frozenset({"new", "expand", "relocate", "upgrade", "mixed", "continue", "cancel"})
"""Kinds of verb that promise a building by themselves."""

_SENTENCE_END = "。！？；"


def split_sentences(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, begins anew): a semicolon ends a sentence but hands on its year and its verb."""
    start, depth, anew = 0, 0, True
    for index, char in enumerate(text):
        if char in "（《":
            depth += 1
        elif char in "）》":
            depth = max(0, depth - 1)
        ends = char in _SENTENCE_END and (depth == 0 or char == "。")
        if ends or index - start >= MAX_SENTENCE:
            yield start, index + 1, anew
            start, anew, depth = index + 1, char != "；", 0
    if start < len(text):
        yield start, len(text), anew
