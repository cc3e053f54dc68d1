"""Which clauses speak of the plan's own time: not of what was done before, what stands, or what is no building."""

import re

DONE = re.compile(
    r"既有的|已通过|已建成|已经建成|累计建成|已完成|目前已|现已建|共有|已有|仅有|只有|已经建立|"
    r"已(?:经|全部|相继|陆续|正式)*(?:投入使用|投用|启用|竣工|完工|开诊|开馆|开园|落成|运营|开放|建有|设立|覆盖|实现)"
)
LOOKS_BACK = re.compile(
    r"(?<![-\d])(?:19\d\d|20[01]\d|2020)年(?!-|\d|(?:末|底)?(?:以来|之后|以后|后|起|开始|以?前|之前|启动|开工))"
)
SO_FAR = re.compile(
    r"^(?:目前|截至目前|现在|全[市县区州]|我[市县区州])[^，]{0,4}已|经过[^，]{0,10}(?:努力|发展|建设)|(?:20[01]\d|202[01])年以来|"
    r"(?:先后|相继)(?:建成|投用|启用|完成|投入)|^(?:五年间|过去)"
)
STOCK_LEAD = re.compile(
    r"^(?:截至|截止|目前|基准年|规划基期|基期|上一?(?:规划|个五年)期|上年|去年|过去(?:[一二两三四五六七八九十\d]+年)?|近?[一二两三四五六七八九十\d]+年来|近[一二两三四五六七八九十\d]+年|“?十四五”?(?:时期|期间)?以来|规划前期|中期评估)"
)
AHEAD_OF = re.compile("力争|计划|拟|将|争取|目标|需|应|要(?!求)|再[建增]|在此基础上|基础上|尚缺|到20(?:2[5-9]|3\\d)年")
FIRST_YEAR = 2021
"""With this year the five-year plans begin that the reader knew first; later ones begin in steps of five."""
LATER = re.compile(r"20(?:2[1-9]|3\d)|十[四五]五|“十四五”|今后|未来|规划期|计划|将|拟|力争|要")
LACKS = re.compile("尚缺|尚无|尚未|仍缺|还缺|缺口|不足")
STANDING = re.compile(
    r"(?:[\u4e00-\u9fff]{2,4}(?=现状[有共]))?(?:[注说备][：明注]：?)?(?:对)?(?:[\u4e00-\u9fff]{2,4}[市县区镇乡](?=现有|共有))?(?:截至目前|目前|全[市县区]|我[市县区]|已|\d{4}年末|区内|，)*+(?:现状|现有|(?<=[市县区])(?:运营|建有)|共有|已有|拥有|现共有)[^，。]*\d"
)
NOT_BUILT = re.compile(
    r"等(?:为代表的)?[\u4e00-\u9fff]{0,10}(?:品牌|活动|赛事|课程|剧目|业态|制度|政策|专业|人才|经验|精神|文化)$|"
    "^(?:针对|鉴于|面对)[^，。]*(?:现状|问题|情况|实际|短板|不足|需求)$"
)
AHEAD = re.compile(r"“?十四五”?(?:时期|期间|末)|到?20(?:2[2-9]|3\d)年|规划期末|五年内|三年内")
ON_TOP_OF = re.compile("在(?:现有|已有|原有|建成|已建成|完成|巩固)?[^，。；]{2,30}的?基础上")
ADDRESS = re.compile(
    "(?:项目|新址|地址|地点|建设地点)?(?:拟)?(?:选址|位于|坐落于|坐落在|地处|紧邻|毗邻|临近|邻近|靠近|新址)(?!新建|建设|重建|扩建|迁建|另建|方案|工作)"
)
"""A clause that begins so says where something stands: a facility in it is only what it stands beside."""
BUILT = re.compile(
    "(?:已经?|上年|去年|近年来?|前期|新近)(?:建成|投用|建好|完工|运营)的?[^，。、的]{0,12}$|新建成的[^，。、的]{0,12}$"
)
MERGED = re.compile("[^，。；]{0,6}，?(?:撤并|合并|整合|归并|组建|调整)(?:为|成|组建)")


def over(sentence: str, since: int) -> bool:
    """Tell whether a sentence says what stands or was done before a plan's own time, which begins with a year."""
    if STOCK_LEAD.match(sentence) and not AHEAD_OF.search(sentence):
        return True
    if since <= FIRST_YEAR:
        return False
    if re.match(
        r"“?十四五”?(?:(?:时期|期间|规划期)[^，。；]{0,10}?(?:，|共|累计)|[^，。；]{0,3}(?:共|累计))", sentence
    ) or (re.match("“?十四五”?(?:时期|期间)?以来", sentence)):
        return not AHEAD_OF.search(sentence)
    named = [int(year) for year in re.findall(r"(?<!\d)(20[2-3]\d)年", sentence)]
    done = re.search("(?:已|共|累计|建成|完成|新增|改造|达到)", sentence)
    return bool(named and max(named) < since and done and not re.search("前|力争|计划|拟|将", sentence))


def standing(clause: str) -> bool:
    """Tell whether a clause counts what stands, or says on top of what something is built."""
    return bool(STANDING.match(clause) or ON_TOP_OF.fullmatch(clause))


def is_done(clause: str, sentence: str) -> bool:
    """Tell whether a clause says what was done or what is lacking; ``sentence`` is its sentence up to its end."""
    if LACKS.search(clause) and "建" not in clause:
        return True
    return bool(DONE.search(clause)) and "基础上" not in clause and not AHEAD.search(sentence)
